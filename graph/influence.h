// How much of the targets' probability flows through each node (docs/method.md, influence).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/attribution_graph.h"

namespace circuit {

/// Rows that sum to less are not scaled up to 1.
inline constexpr double kRowFloor = 1e-10;

/// Which nodes take part; each empty (all) or [n_nodes]. With the same mask twice influence flows
/// in the subgraph of those nodes.
struct FlowMasks {
  std::span<const std::uint8_t> rows;     ///< nodes that pass on what arrives
  std::span<const std::uint8_t> sources;  ///< nodes that receive, and count in rows' sums
};

struct Flow {
  std::vector<double> influence;  ///< [n_nodes]
  /// What the magnitudes of a row were divided by, at least kRowFloor; 0 for a row that passes
  /// nothing on [n_nodes].
  std::vector<double> row_sums;
};

/// I = w (M + M² + …) with M = |A|, each row divided by max(its sum, kRowFloor); w the weights of
/// the targets.
///
/// One sweep from the last row to the first, O(edges), parallel over sources: a source adds up its
/// readers in descending order whatever the number of threads, so the result does not depend on it.
/// Sums in double. Throws std::invalid_argument when a mask has another size.
Flow compute_flow(const AttributionGraph& graph, const FlowMasks& masks = {});

/// Influence of every node of a whole graph [n_nodes]; targets have 0.
std::vector<double> compute_influence(const AttributionGraph& graph);

/// The smallest node threshold at which each node would be kept [n_nodes]: cumulative share of
/// influence in descending order, ties by node index. All 1 when total influence is zero.
std::vector<float> cumulative_influence(std::span<const double> influence);

/// All nodes in descending order of influence, ties by node index.
std::vector<std::size_t> order_by_influence(std::span<const double> influence);

}  // namespace circuit
