// Visits the edges that pruning kept. Private to graph.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

#include "graph/attribution_graph.h"
#include "graph/prune.h"

namespace circuit {

/// Throws std::invalid_argument `[operation] masks …` when they are not of this graph.
inline void require_masks_of(const AttributionGraph& graph, const PrunedGraph& pruned,
                             const char* operation) {
  if (pruned.node_mask.size() == graph.n_nodes() &&
      pruned.edge_mask.size() == graph.edges().edges()) {
    return;
  }
  throw std::invalid_argument(
      "[" + std::string(operation) + "] masks of " + std::to_string(pruned.node_mask.size()) +
      " nodes and " + std::to_string(pruned.edge_mask.size()) + " edges, the graph has " +
      std::to_string(graph.n_nodes()) + " and " + std::to_string(graph.edges().edges()));
}

/// visit(source, target, weight) for each kept edge between kept nodes, by target, then source.
template <typename Visit>
void for_each_kept_edge(const AttributionGraph& graph, const PrunedGraph& pruned, Visit&& visit) {
  const EdgeMatrix& edges = graph.edges();
  for (std::size_t target = 0; target < edges.rows(); ++target) {
    if (pruned.node_mask[target] == 0) continue;
    for (std::size_t edge = edges.begin(target); edge < edges.end(target); ++edge) {
      const auto source = static_cast<std::size_t>(edges.columns[edge]);
      if (pruned.edge_mask[edge] == 0 || pruned.node_mask[source] == 0) continue;
      visit(source, target, edges.weights[edge]);
    }
  }
}

}  // namespace circuit
