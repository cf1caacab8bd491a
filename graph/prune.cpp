#include "graph/prune.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>

#include <tbb/parallel_sort.h>

#include "graph/influence.h"

namespace circuit {
namespace {

void check_threshold(const char* name, double value) {
  if (!(value >= 0.0 && value <= 1.0)) {
    throw std::invalid_argument("[prune] " + std::string(name) + " is " + std::to_string(value) +
                                ", expected 0 to 1");
  }
}

/// The score at which the running sum of descending scores first reaches `share` of the total.
/// Takes positive scores only; those at or above the result are kept, ties included.
double threshold_score(std::vector<double> scores, double share) {
  if (scores.empty()) return std::numeric_limits<double>::infinity();
  // Summed first to last, tiny scores may vanish in rounding: 1 means all of them.
  if (share >= 1.0) return std::ranges::min(scores);
  tbb::parallel_sort(scores.begin(), scores.end(), std::greater<>());
  const double total = std::accumulate(scores.begin(), scores.end(), 0.0);
  double running = 0.0;
  for (const double score : scores) {
    running += score;
    if (running / total >= share) return score;
  }
  return scores.back();
}

std::vector<std::uint8_t> keep_nodes(const AttributionGraph& graph,
                                     const std::vector<double>& influence, double share) {
  std::vector<double> positive;
  std::ranges::copy_if(influence, std::back_inserter(positive), [](double i) { return i > 0.0; });
  const double threshold = threshold_score(std::move(positive), share);
  std::vector<std::uint8_t> mask(graph.n_nodes(), 1);  // tokens and targets stay
  for (std::size_t node = 0; node < graph.first_token(); ++node) {
    mask[node] = influence[node] >= threshold ? 1 : 0;
  }
  return mask;
}

/// Calls `action(row, edge, source)` for every edge of `graph` with a mark in `mask`.
template <typename Action>
void for_each_edge(const AttributionGraph& graph, const std::vector<std::uint8_t>& mask,
                   Action action) {
  const EdgeMatrix& edges = graph.edges();
  for (std::size_t row = 0; row < edges.rows(); ++row) {
    for (std::size_t edge = edges.begin(row); edge < edges.end(row); ++edge) {
      if (mask[edge] != 0) action(row, edge, static_cast<std::size_t>(edges.columns[edge]));
    }
  }
}

/// Edges with both ends kept.
std::vector<std::uint8_t> edges_between(const AttributionGraph& graph,
                                        const std::vector<std::uint8_t>& node_mask) {
  std::vector<std::uint8_t> mask(graph.edges().edges(), 1);
  for_each_edge(graph, mask, [&](std::size_t row, std::size_t edge, std::size_t source) {
    mask[edge] = node_mask[row] & node_mask[source];
  });
  return mask;
}

std::vector<std::uint8_t> keep_edges(const AttributionGraph& graph,
                                     const std::vector<std::uint8_t>& node_mask, double share) {
  std::vector<std::uint8_t> mask = edges_between(graph, node_mask);
  std::vector<std::int64_t> row_nodes(graph.n_nodes());
  std::iota(row_nodes.begin(), row_nodes.end(), std::int64_t{0});
  const std::vector<double> weights = graph.target_weights();
  const std::vector<double> influence =
      sweep_influence(graph.edges(), row_nodes, weights, kRowFloor, mask);
  const std::vector<double> sums = row_absolute_sums(graph.edges(), mask);
  const auto score = [&](std::size_t row, std::size_t edge) {
    const double magnitude = std::abs(static_cast<double>(graph.edges().weights[edge]));
    return magnitude / std::max(sums[row], kRowFloor) * (influence[row] + weights[row]);
  };
  // Computed twice rather than stored: the scores of all edges would be twice the graph.
  std::vector<double> positive;
  for_each_edge(graph, mask, [&](std::size_t row, std::size_t edge, std::size_t) {
    const double value = score(row, edge);
    if (value > 0.0) positive.push_back(value);
  });
  const double threshold = threshold_score(std::move(positive), share);
  for_each_edge(graph, mask, [&](std::size_t row, std::size_t edge, std::size_t) {
    mask[edge] = score(row, edge) >= threshold ? 1 : 0;
  });
  return mask;
}

/// Removes features and errors that nothing kept reads, and their rows, until none is left: in
/// descending order every reader of a node has been decided before it.
void drop_unread(const AttributionGraph& graph, PrunedGraph& pruned) {
  const EdgeMatrix& edges = graph.edges();
  std::vector<std::size_t> readers(graph.n_nodes(), 0);
  for_each_edge(graph, pruned.edge_mask,
                [&](std::size_t, std::size_t, std::size_t source) { ++readers[source]; });
  for (std::size_t row = graph.first_error(); row-- > 0;) {
    if (readers[row] > 0) continue;
    pruned.node_mask[row] = 0;
    for (std::size_t edge = edges.begin(row); edge < edges.end(row); ++edge) {
      if (pruned.edge_mask[edge] == 0) continue;
      pruned.edge_mask[edge] = 0;
      --readers[static_cast<std::size_t>(edges.columns[edge])];
    }
  }
  for (std::size_t error = graph.first_error(); error < graph.first_token(); ++error) {
    if (readers[error] == 0) pruned.node_mask[error] = 0;
  }
}

/// Removes features that read nothing kept, until none is left: in ascending order every source of
/// a node has been decided before it. It takes no reader from any node that still reads something,
/// so that one pass after drop_unread reaches the common fixed point.
void drop_unfed(const AttributionGraph& graph, PrunedGraph& pruned) {
  const EdgeMatrix& edges = graph.edges();
  for (std::size_t row = 0; row < edges.rows(); ++row) {
    bool fed = false;
    for (std::size_t edge = edges.begin(row); edge < edges.end(row); ++edge) {
      std::uint8_t& kept = pruned.edge_mask[edge];
      kept = kept & pruned.node_mask[static_cast<std::size_t>(edges.columns[edge])];
      fed = fed || kept != 0;
    }
    if (!fed && row < graph.first_error()) pruned.node_mask[row] = 0;
  }
}

}  // namespace

std::size_t PrunedGraph::kept_nodes() const {
  return static_cast<std::size_t>(std::ranges::count(node_mask, 1));
}

std::size_t PrunedGraph::kept_edges() const {
  return static_cast<std::size_t>(std::ranges::count(edge_mask, 1));
}

PrunedGraph prune(const AttributionGraph& graph, const PruneOptions& options) {
  check_threshold("node_threshold", options.node_threshold);
  check_threshold("edge_threshold", options.edge_threshold);
  const std::vector<double> influence = compute_influence(graph);
  PrunedGraph pruned;
  pruned.options = options;
  pruned.node_cumulative_influence = cumulative_influence(influence);
  pruned.node_mask = keep_nodes(graph, influence, options.node_threshold);
  pruned.edge_mask = keep_edges(graph, pruned.node_mask, options.edge_threshold);
  drop_unread(graph, pruned);
  drop_unfed(graph, pruned);
  return pruned;
}

}  // namespace circuit
