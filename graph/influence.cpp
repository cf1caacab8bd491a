#include "graph/influence.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>

namespace circuit {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw std::invalid_argument("[sweep_influence] " + what);
}

void check(const EdgeMatrix& edges, std::span<const std::int64_t> row_nodes, std::size_t n_nodes,
           std::span<const std::uint8_t> edge_mask) {
  if (row_nodes.size() != edges.rows()) {
    refuse(std::to_string(row_nodes.size()) + " row nodes for " + std::to_string(edges.rows()) +
           " rows");
  }
  if (!edge_mask.empty() && edge_mask.size() != edges.edges()) {
    refuse("mask of " + std::to_string(edge_mask.size()) + " for " + std::to_string(edges.edges()) +
           " edges");
  }
  for (const std::int64_t node : row_nodes) {
    if (node < 0 || static_cast<std::size_t>(node) >= n_nodes) {
      refuse("row of node " + std::to_string(node) + ", expected one below " +
             std::to_string(n_nodes));
    }
  }
}

}  // namespace

std::vector<double> sweep_influence(const EdgeMatrix& edges,
                                    std::span<const std::int64_t> row_nodes,
                                    std::span<const double> weights, double row_floor,
                                    std::span<const std::uint8_t> edge_mask) {
  check(edges, row_nodes, weights.size(), edge_mask);
  const std::vector<double> sums = row_absolute_sums(edges, edge_mask);
  std::vector<std::size_t> order(edges.rows());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order,
                    [&](std::size_t a, std::size_t b) { return row_nodes[a] > row_nodes[b]; });

  std::vector<double> influence(weights.size(), 0.0);
  std::vector<std::uint8_t> swept(weights.size(), 0);
  for (const std::size_t row : order) {
    if (sums[row] == 0.0) continue;
    const auto node = static_cast<std::size_t>(row_nodes[row]);
    if (swept[node] != 0) refuse("node " + std::to_string(node) + " has two rows");
    swept[node] = 1;
    const double arriving = influence[node] + weights[node];
    const double sum = std::max(sums[row], row_floor);
    for (std::size_t edge = edges.begin(row); edge < edges.end(row); ++edge) {
      if (!edge_mask.empty() && edge_mask[edge] == 0) continue;
      const auto source = static_cast<std::size_t>(edges.columns[edge]);
      if (source >= swept.size() || swept[source] != 0) {
        refuse("the row of node " + std::to_string(node) + " reads node " + std::to_string(source) +
               ", expected one that comes before it");
      }
      // Divided first, as in M: equal shares of equal rows stay exactly equal.
      influence[source] += std::abs(static_cast<double>(edges.weights[edge])) / sum * arriving;
    }
  }
  return influence;
}

std::vector<double> compute_influence(const AttributionGraph& graph) {
  std::vector<std::int64_t> row_nodes(graph.n_nodes());
  std::iota(row_nodes.begin(), row_nodes.end(), std::int64_t{0});
  return sweep_influence(graph.edges(), row_nodes, graph.target_weights(), kRowFloor);
}

std::vector<float> cumulative_influence(std::span<const double> influence) {
  std::vector<std::size_t> order(influence.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return influence[a] != influence[b] ? influence[a] > influence[b] : a < b;
  });
  double total = 0.0;
  for (const std::size_t node : order) total += influence[node];
  std::vector<float> cumulative(influence.size(), 1.0F);
  if (!(total > 0.0)) return cumulative;
  double running = 0.0;
  for (const std::size_t node : order) {
    running += influence[node];
    cumulative[node] = static_cast<float>(running / total);
  }
  return cumulative;
}

}  // namespace circuit
