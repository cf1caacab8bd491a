// The step of a trace that finds out about the attention behind its kept edges: `--per-head`,
// `--qk`.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "graph/attribution_graph.h"
#include "graph/prune.h"
#include "tracer/cli/engine.h"
#include "tracer/tracer.h"

namespace circuit::cli {

/// Whether `request` asks for this step.
bool wants_attention(const TraceRequest& request);

/// Puts what `request` asks for into the graph, and the settings that it depends on; adds its time
/// to `seconds`. Does nothing, and returns nothing, when it asks for nothing.
std::optional<AttentionSummary> add_attention(const TraceRequest& request, const Tracer& tracer,
                                              const PrunedGraph& pruned, AttributionGraph& graph,
                                              std::map<std::string, double>& seconds);

/// Names the features of the graph's score tables, selected or not; names that are there stay.
void label_table_features(const TraceRequest& request, const Tracer& tracer,
                          AttributionGraph& graph);

}  // namespace circuit::cli
