// What a graph says would happen if the activation of one feature were another
// (docs/method.md, Validity).
#pragma once

#include <cstddef>
#include <vector>

#include "graph/attribution_graph.h"

namespace circuit {

/// By how much the explained quantity of every feature and target moves [n_nodes], 0 for others,
/// when feature `source` has (1 + change) times its activation, -1 ≤ change: along its edges alone.
std::vector<double> direct_change(const AttributionGraph& graph, std::size_t source, double change);

/// The same along all paths: every feature's activation moves by as much as its pre-activation
/// does, and its edges in proportion. (I - A')⁻¹ in one sweep, O(edges).
std::vector<double> total_change(const AttributionGraph& graph, std::size_t source, double change);

/// The share of the input of every feature and target that comes from `source` along all paths
/// [n_nodes]: its column of M + M² + … (influence, without signs). O(edges).
std::vector<double> influence_on_all(const AttributionGraph& graph, std::size_t source);

}  // namespace circuit
