// How much of the targets' probability flows through each node (docs/method.md, influence).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/attribution_graph.h"

namespace circuit {

/// Rows that sum to less are not scaled up to 1.
inline constexpr double kRowFloor = 1e-10;

/// I = w (M + M² + …) with M = |A|, each row divided by max(its sum, `row_floor`).
///
/// `edges` may hold any subset of rows: `row_nodes[r]` is the node that row r explains, ascending
/// or not. Every column that has a row of its own must be a smaller node index than its row's node
/// (errors and tokens have none), so that one sweep from the highest row to the lowest is exact:
/// O(edges). Sums in double; the result does not depend on the number of threads. `weights`
/// [n_nodes] are the initial weights w; `edge_mask` (empty = all) leaves edges out before rows are
/// normalised; within a row columns may come in any order and repeat.
/// Throws std::invalid_argument `[sweep_influence] …` when sizes or this order do not hold.
std::vector<double> sweep_influence(const EdgeMatrix& edges,
                                    std::span<const std::int64_t> row_nodes,
                                    std::span<const double> weights, double row_floor,
                                    std::span<const std::uint8_t> edge_mask = {});

/// Influence of every node of a whole graph [n_nodes]; targets have 0. row_floor = kRowFloor.
std::vector<double> compute_influence(const AttributionGraph& graph);

/// The smallest node threshold at which each node would be kept [n_nodes]: cumulative share of
/// influence in descending order, ties by node index. All 1 when total influence is zero.
std::vector<float> cumulative_influence(std::span<const double> influence);

}  // namespace circuit
