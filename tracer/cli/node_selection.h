// A subgraph that a person picks: `--nodes 3_512_4,7_6861_*`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "graph/attribution_graph.h"

namespace circuit::cli {

/// Node ids as in viewer files, `*` for any position, separated by commas. Throws
/// std::invalid_argument for anything else.
std::vector<std::string> parse_node_selection(std::string_view list);

/// The mask [n_nodes] of these nodes, and of every error, token and target. Throws
/// std::runtime_error naming one that the graph does not have.
std::vector<std::uint8_t> selection_mask(const AttributionGraph& graph,
                                         const std::vector<std::string>& ids);

}  // namespace circuit::cli
