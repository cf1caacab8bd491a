// Pages with attention details, and what they hold as plain JSON, for the browser tests.
#pragma once

#include <filesystem>
#include <string>

#include "graph/attribution_graph.h"
#include "graph/prune.h"

namespace circuit::testing {

/// Writes NAME.html and NAME.expected.json of the graph's kept nodes: links with their parts, score
/// tables with their sources by node id (`bias` for biases).
void write_attention_page(const std::filesystem::path& folder, const std::string& name,
                          const AttributionGraph& graph, const PrunedGraph& pruned);

}  // namespace circuit::testing
