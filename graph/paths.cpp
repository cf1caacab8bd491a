#include "graph/paths.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <queue>
#include <stdexcept>
#include <string>
#include <tuple>

#include <boost/graph/dijkstra_shortest_paths.hpp>

#include "graph/bgl_adapter.h"

namespace circuit {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

void check(const AttributionGraph& graph, const PrunedGraph& pruned, std::size_t target_node) {
  if (pruned.node_mask.size() != graph.n_nodes() ||
      pruned.edge_mask.size() != graph.edges().edges()) {
    throw std::invalid_argument("[strongest_paths] the masks are not of this graph");
  }
  const bool exists = target_node < graph.n_nodes();
  const NodeKind kind = exists ? graph.kind(target_node) : NodeKind::kToken;
  if (kind != NodeKind::kFeature && kind != NodeKind::kTarget) {
    throw std::invalid_argument("[strongest_paths] node " + std::to_string(target_node) +
                                " is no feature or target of the graph's " +
                                std::to_string(graph.n_nodes()) + " nodes");
  }
}

/// -log share of every stored edge, infinite for those not kept [edges].
std::vector<double> edge_costs(const AttributionGraph& graph, const PrunedGraph& pruned) {
  const EdgeMatrix& edges = graph.edges();
  const std::vector<double> sums = row_absolute_sums(edges, pruned.edge_mask);
  std::vector<double> costs(edges.edges(), kInfinite);
  for (std::size_t row = 0; row < edges.rows(); ++row) {
    for (std::size_t edge = edges.begin(row); edge < edges.end(row); ++edge) {
      if (pruned.edge_mask[edge] == 0 || edges.weights[edge] == 0.0F) continue;
      const double share = std::abs(static_cast<double>(edges.weights[edge])) / sums[row];
      costs[edge] = std::max(0.0, -std::log(share));
    }
  }
  return costs;
}

std::vector<Path> strongest_path(const AttributionGraph& graph, const std::vector<double>& costs,
                                 std::size_t target_node) {
  std::vector<std::size_t> next(graph.n_nodes());
  std::vector<double> distance(graph.n_nodes());
  boost::dijkstra_shortest_paths(EdgeMatrixView(graph.edges()), target_node,
                                 boost::predecessor_map(next.data())
                                     .distance_map(distance.data())
                                     .weight_map(EdgeValues<double>(costs))
                                     .distance_inf(kInfinite));
  const auto tokens = std::span(distance).subspan(graph.first_token(), graph.n_positions());
  const auto nearest = std::ranges::min_element(tokens);
  if (nearest == tokens.end() || *nearest == kInfinite) return {};
  Path path;
  path.share = std::exp(-*nearest);
  std::size_t node = graph.first_token() + static_cast<std::size_t>(nearest - tokens.begin());
  path.nodes.push_back(node);
  while (node != target_node) path.nodes.push_back(node = next[node]);
  return {path};
}

/// One of the best ways from a token to a node: its last step comes from the way number
/// `source_rank` to `source`.
struct Way {
  double cost = 0.0;
  std::size_t source = 0;
  std::size_t source_rank = 0;
  std::size_t edge = 0;

  // A total order: cost, then source, then rank.
  friend bool operator>(const Way& a, const Way& b) {
    return std::tie(a.cost, a.source, a.source_rank) > std::tie(b.cost, b.source, b.source_rank);
  }
};

using Ways = std::vector<std::vector<Way>>;  // [n_nodes], each at most k, best first

/// Merges the sorted ways of all sources of `row`, taking only the k best.
std::vector<Way> merge_sources(const EdgeMatrix& edges, const std::vector<double>& costs,
                               const Ways& ways, std::size_t row, std::size_t k) {
  std::priority_queue<Way, std::vector<Way>, std::greater<>> queue;
  const auto offer = [&](std::size_t edge, std::size_t rank) {
    const auto source = static_cast<std::size_t>(edges.columns[edge]);
    if (rank >= ways[source].size() || costs[edge] == kInfinite) return;
    queue.push({ways[source][rank].cost + costs[edge], source, rank, edge});
  };
  for (std::size_t edge = edges.begin(row); edge < edges.end(row); ++edge) offer(edge, 0);
  std::vector<Way> best;
  while (best.size() < k && !queue.empty()) {
    best.push_back(queue.top());
    queue.pop();
    offer(best.back().edge, best.back().source_rank + 1);
  }
  return best;
}

Path trace_back(const AttributionGraph& graph, const Ways& ways, std::size_t node,
                std::size_t rank) {
  Path path;
  path.share = std::exp(-ways[node][rank].cost);
  path.nodes.push_back(node);
  while (graph.kind(node) != NodeKind::kToken) {
    const Way& way = ways[node][rank];
    node = way.source;
    rank = way.source_rank;
    path.nodes.push_back(node);
  }
  std::ranges::reverse(path.nodes);
  return path;
}

}  // namespace

std::vector<Path> strongest_paths(const AttributionGraph& graph, const PrunedGraph& pruned,
                                  std::size_t target_node, std::size_t k) {
  check(graph, pruned, target_node);
  if (k == 0) return {};
  const std::vector<double> costs = edge_costs(graph, pruned);
  if (k == 1) return strongest_path(graph, costs, target_node);

  Ways ways(graph.n_nodes());
  for (std::size_t token = graph.first_token(); token < graph.first_target(); ++token) {
    ways[token].emplace_back();
  }
  for (std::size_t row = 0; row < graph.n_features() && row < target_node; ++row) {
    ways[row] = merge_sources(graph.edges(), costs, ways, row, k);
  }
  ways[target_node] = merge_sources(graph.edges(), costs, ways, target_node, k);
  std::vector<Path> paths;
  for (std::size_t rank = 0; rank < ways[target_node].size(); ++rank) {
    paths.push_back(trace_back(graph, ways, target_node, rank));
  }
  return paths;
}

}  // namespace circuit
