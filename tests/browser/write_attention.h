// Pages with attention details and of attention patterns, and what they hold as plain JSON, for the
// browser tests.
#pragma once

#include <filesystem>
#include <string>

#include "graph/attribution_graph.h"
#include "graph/prune.h"

namespace circuit::testing {

/// Writes NAME.html and NAME.expected of the graph's kept nodes: links with their parts, score
/// tables with their sources by node id (`bias` for biases).
void write_attention_page(const std::filesystem::path& folder, const std::string& name,
                          const AttributionGraph& graph, const PrunedGraph& pruned);

/// Writes NAME.html and NAME.expected, the weights by head, of patterns of 6 layers of 4 heads
/// on the graph's tokens, with its score tables.
void write_pattern_page(const std::filesystem::path& folder, const std::string& name,
                        const AttributionGraph& graph);

}  // namespace circuit::testing
