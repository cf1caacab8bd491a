#include "graph/edge_matrix.h"

#include <cmath>
#include <stdexcept>
#include <string>

#include <tbb/parallel_for.h>

namespace circuit {

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
