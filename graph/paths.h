// The strongest paths from the prompt's tokens to one node of a pruned graph. Non-goals: grouped
// graphs, which may have cycles; paths that begin at errors.
#pragma once

#include <cstddef>
#include <vector>

#include "graph/attribution_graph.h"
#include "graph/prune.h"

namespace circuit {

struct Path {
  std::vector<std::size_t> nodes;  ///< from a token node to the target node
  double share = 0.0;              ///< product of the shares of its edges, in (0, 1]
};

/// The `k` paths from any token node to `target_node` (a feature or a target) with the largest
/// product of shares, strongest first; fewer when there are fewer. The share of an edge is its
/// magnitude over the sum of magnitudes of the kept edges of its row, so that all shares of a row
/// add up to 1 and paths compare across rows.
///
/// One path is Dijkstra's shortest on -log share, backwards from the target; more come from one
/// pass in node order that keeps the k best ways from a token to each node: O(edges + nodes k log
/// k) time, O(nodes k) memory. Which of equally strong paths come first does not change between
/// runs. Throws std::invalid_argument when the masks are not of this graph or `target_node` is a
/// token, an error or no node.
std::vector<Path> strongest_paths(const AttributionGraph& graph, const PrunedGraph& pruned,
                                  std::size_t target_node, std::size_t k);

}  // namespace circuit
