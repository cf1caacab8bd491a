// Influence over any rows, one after the other and without checks, to compare the parallel sweep
// and the rows of a graph in the making with.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "graph/edge_matrix.h"

namespace circuit::testing {

/// `row_nodes[r]` is the node that row r explains, in any order; empty = r itself. Edges outside
/// `edge_mask` (empty = all) are left out before rows are normalised. Adds in the order of
/// compute_flow, so that the two are equal.
inline std::vector<double> reference_sweep(const EdgeMatrix& edges,
                                           std::vector<std::int64_t> row_nodes,
                                           const std::vector<double>& weights, double row_floor,
                                           std::span<const std::uint8_t> edge_mask = {}) {
  if (row_nodes.empty()) {
    row_nodes.resize(edges.rows());
    std::iota(row_nodes.begin(), row_nodes.end(), std::int64_t{0});
  }
  std::vector<std::size_t> order(edges.rows());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order,
                    [&](std::size_t a, std::size_t b) { return row_nodes[a] > row_nodes[b]; });
  const std::vector<double> sums = row_absolute_sums(edges, edge_mask);
  std::vector<double> influence(weights.size(), 0.0);
  for (const std::size_t row : order) {
    const auto node = static_cast<std::size_t>(row_nodes[row]);
    for (std::size_t edge = edges.begin(row); edge < edges.end(row); ++edge) {
      if (!edge_mask.empty() && edge_mask[edge] == 0) continue;
      influence[static_cast<std::size_t>(edges.columns[edge])] +=
          std::abs(static_cast<double>(edges.weights[edge])) / std::max(sums[row], row_floor) *
          (influence[node] + weights[node]);
    }
  }
  return influence;
}

}  // namespace circuit::testing
