// Influence, pruning and scores on a full matrix, slow and straight from the formulas of
// docs/method.md, to compare graph/ with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "graph/attribution_graph.h"

namespace circuit::testing {

using Row = std::vector<double>;
using Matrix = std::vector<Row>;  ///< [n_nodes][n_nodes], row = target, column = source

/// The stored edges of `graph`; 0 elsewhere.
Matrix dense_adjacency(const AttributionGraph& graph);

/// |A| with each row divided by max(its sum, 1e-10).
Matrix normalise(const Matrix& adjacency);

/// w (M + M² + …) term by term until a term is zero; throws std::runtime_error when none is.
Row influence_by_powers(const Matrix& normalised, const Row& weights);

/// The same as the solution of I = (I + w) M from the last row to the first, features last to
/// first. Adds in the order of compute_flow, so that equal scores of the two stay equal.
Row influence_by_substitution(const Matrix& normalised, const Row& weights,
                              const AttributionGraph& graph);

struct DensePruned {
  std::vector<std::uint8_t> nodes;               ///< [n_nodes]
  std::vector<std::vector<std::uint8_t>> edges;  ///< [n_nodes][n_nodes]
};

/// circuit-tracer's rule, its clean-up loop included; scores of 0 are never kept, and a threshold
/// of 1 keeps every positive one.
DensePruned prune_dense(const AttributionGraph& graph, double node_threshold,
                        double edge_threshold);

struct DenseScores {
  double replacement = 0.0;  ///< not a number without influence
  double completeness = 0.0;
};

/// Scores when only the features of `node_mask` stay: columns of the others are added to the
/// column of the error of their layer and position, and their rows are cleared.
DenseScores scores_dense(const AttributionGraph& graph, const std::vector<std::uint8_t>& node_mask);

}  // namespace circuit::testing
