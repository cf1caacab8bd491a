#include "export/picture/strongest_edges.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace circuit {
namespace {

std::vector<double> edge_scores(const AttributionGraph& graph, const PrunedGraph& pruned,
                                const std::vector<KeptEdge>& edges) {
  std::vector<double> scores;
  scores.reserve(edges.size());
  for (const KeptEdge& edge : edges) {
    const double behind = 1.0 - pruned.node_cumulative_influence[edge.target];
    const bool last = graph.kind(edge.target) == NodeKind::kTarget;
    scores.push_back(edge.share * (last ? 1.0 : behind > 0 ? std::min(behind, 1.0) : 0.0));
  }
  return scores;
}

}  // namespace

std::vector<KeptEdge> strongest_edges(const AttributionGraph& graph, const PrunedGraph& pruned,
                                      const std::vector<KeptEdge>& edges, std::size_t most) {
  if (most == 0 || edges.size() <= most) return edges;
  const std::vector<double> scores = edge_scores(graph, pruned, edges);
  std::vector<std::size_t> order(edges.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::nth_element(order, order.begin() + static_cast<std::ptrdiff_t>(most), {},
                           [&](std::size_t i) { return std::pair(-scores[i], i); });
  order.resize(most);
  std::ranges::sort(order);
  std::vector<KeptEdge> chosen;
  chosen.reserve(most);
  for (const std::size_t i : order) chosen.push_back(edges[i]);
  return chosen;
}

}  // namespace circuit
