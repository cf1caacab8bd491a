#include "graph/edge_matrix.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>

#include <tbb/parallel_for.h>

namespace circuit {

std::optional<std::size_t> EdgeMatrix::find(std::size_t row, std::size_t column) const {
  const std::span<const std::int32_t> in_row = row_columns(row);
  const auto wanted = static_cast<std::int32_t>(column);
  const auto found = std::ranges::lower_bound(in_row, wanted);
  if (found == in_row.end() || *found != wanted) return std::nullopt;
  return begin(row) + static_cast<std::size_t>(found - in_row.begin());
}

EdgeMatrix compress(std::span<const MatrixEntry> entries, std::size_t n_rows) {
  EdgeMatrix edges;
  edges.row_offsets.assign(n_rows + 1, 0);
  edges.columns.reserve(entries.size());
  edges.weights.reserve(entries.size());
  for (const MatrixEntry& entry : entries) {
    ++edges.row_offsets[entry.row + 1];
    edges.columns.push_back(static_cast<std::int32_t>(entry.column));
    edges.weights.push_back(entry.weight);
  }
  std::partial_sum(edges.row_offsets.begin(), edges.row_offsets.end(), edges.row_offsets.begin());
  return edges;
}

std::vector<double> row_absolute_sums(const EdgeMatrix& edges,
                                      std::span<const std::uint8_t> edge_mask) {
  std::vector<double> sums(edges.rows(), 0.0);
  tbb::parallel_for(std::size_t{0}, edges.rows(), [&](std::size_t row) {
    double sum = 0.0;
    for (std::size_t edge = edges.begin(row); edge < edges.end(row); ++edge) {
      if (edge_mask.empty() || edge_mask[edge] != 0) {
        sum += std::abs(static_cast<double>(edges.weights[edge]));
      }
    }
    sums[row] = sum;
  });
  return sums;
}

EdgeMatrix compress(std::span<const float> dense, std::size_t n) {
  if (dense.size() != n * n) {
    throw std::invalid_argument("[compress] matrix has " + std::to_string(dense.size()) +
                                " values, expected " + std::to_string(n) + " x " +
                                std::to_string(n));
  }
  EdgeMatrix edges;
  edges.row_offsets.reserve(n + 1);
  for (std::size_t row = 0; row < n; ++row) {
    for (std::size_t column = 0; column < n; ++column) {
      const float weight = dense[row * n + column];
      if (weight == 0.0F) continue;
      edges.columns.push_back(static_cast<std::int32_t>(column));
      edges.weights.push_back(weight);
    }
    edges.row_offsets.push_back(static_cast<std::int64_t>(edges.columns.size()));
  }
  return edges;
}

}  // namespace circuit
