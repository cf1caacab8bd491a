// A subgraph that a person picks: `--nodes 3_512_4,7_6861_9`.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "graph/attribution_graph.h"

namespace circuit::cli {

/// LAYER_FEATURE_POSITION as in viewer files, separated by commas. Throws std::invalid_argument for
/// anything else.
std::vector<ActiveFeature> parse_node_selection(std::string_view list);

/// The mask [n_nodes] of these features, and of every error, token and target. Throws
/// std::runtime_error naming a feature that is no node of the graph.
std::vector<std::uint8_t> selection_mask(const AttributionGraph& graph,
                                         const std::vector<ActiveFeature>& features);

}  // namespace circuit::cli
