#include "graph/kept_graph.h"

#include <cmath>
#include <stdexcept>
#include <string>
#include <string_view>

namespace circuit {
namespace {

void require_size(std::string_view what, std::size_t found, std::size_t expected) {
  if (found == expected) return;
  throw std::invalid_argument("[kept_graph] " + std::string(what) + " has " +
                              std::to_string(found) + " entries, the graph has " +
                              std::to_string(expected));
}

void append_row(const AttributionGraph& graph, const PrunedGraph& pruned, std::size_t target,
                std::vector<KeptEdge>& edges) {
  const EdgeMatrix& matrix = graph.edges();
  const std::size_t first = edges.size();
  double total = 0;
  for (std::size_t e = matrix.begin(target); e < matrix.end(target); ++e) {
    const auto source = static_cast<std::size_t>(matrix.columns[e]);
    if (pruned.edge_mask[e] == 0 || pruned.node_mask[source] == 0) continue;
    edges.push_back({source, target, matrix.weights[e], 0, e});
    total += std::abs(static_cast<double>(matrix.weights[e]));
  }
  if (total == 0) return;
  for (std::size_t i = first; i < edges.size(); ++i) {
    edges[i].share = std::abs(static_cast<double>(edges[i].weight)) / total;
  }
}

}  // namespace

void require_masks(const AttributionGraph& graph, const PrunedGraph& pruned) {
  require_size("node_mask", pruned.node_mask.size(), graph.n_nodes());
  require_size("edge_mask", pruned.edge_mask.size(), graph.edges().edges());
  require_size("node_cumulative_influence", pruned.node_cumulative_influence.size(),
               graph.n_nodes());
}

KeptGraph kept_graph(const AttributionGraph& graph, const PrunedGraph& pruned) {
  require_masks(graph, pruned);
  KeptGraph kept;
  for (std::size_t node = 0; node < graph.n_nodes(); ++node) {
    if (pruned.node_mask[node] == 0) continue;
    kept.nodes.push_back(node);
    append_row(graph, pruned, node, kept.edges);
  }
  return kept;
}

}  // namespace circuit
