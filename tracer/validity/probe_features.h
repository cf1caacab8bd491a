// Changes features of a graph one by one in runs of the model and notes how everything behind them
// moves beside what the graph predicts (docs/method.md, Validity).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "graph/attribution_graph.h"
#include "graph/graph_validity.h"
#include "tracer/replacement/run.h"

namespace circuit {

/// `run` is of the graph's prompt, `nodes` are features of the graph. Each is ablated and doubled,
/// held and live: four runs of the model a feature.
std::vector<FeatureProbe> probe_features(const ReplacementRun& run, const AttributionGraph& graph,
                                         std::span<const std::size_t> nodes);

}  // namespace circuit
