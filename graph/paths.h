// The strongest paths from the prompt's tokens to one node of a pruned graph. Non-goals: grouped
// graphs, which may have cycles; paths that begin at errors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "graph/attribution_graph.h"
#include "graph/prune.h"

namespace circuit {

/// One way from a token node to the target node (docs/method.md, paths).
struct Path {
  std::vector<std::size_t> nodes;
  /// Product of the shares of its edges, in (0, 1]. The share of an edge is its magnitude over the
  /// sum of magnitudes of the kept edges of its row: all shares of a row add up to 1, so that paths
  /// of different rows compare.
  double share = 0.0;
  /// What of the target's value flows along it, in the target's units: the product of its edges
  /// over that of the activations of the features it passes.
  double weight = 0.0;
};

enum class PathOrder : std::uint8_t { kShare, kWeight };  ///< weight: by magnitude
enum class PathSign : std::uint8_t { kAny, kPositive, kNegative };

struct PathQuery {
  std::size_t target_node = 0;  ///< a feature or a target
  std::size_t k = 10;
  PathOrder order = PathOrder::kShare;
  PathSign sign = PathSign::kAny;      ///< of the weight
  std::optional<std::size_t> from;     ///< only paths that begin at this token node
  std::optional<std::size_t> through;  ///< only paths that pass this feature node
};

/// The `k` strongest paths, strongest first; fewer when there are fewer. Which of equally strong
/// paths come first does not change between runs.
///
/// One path by share is Dijkstra's shortest on -log share, backwards from the target; all else
/// comes from one pass in node order that keeps the k best ways from a token to each node: O(edges
/// log sources + nodes k log k) time, O(nodes k) memory. Throws std::invalid_argument when the
/// masks are not of this graph, `target_node` is a token, an error or no node, `from` is no token
/// or `through` no feature.
std::vector<Path> strongest_paths(const AttributionGraph& graph, const PrunedGraph& pruned,
                                  const PathQuery& query);

}  // namespace circuit
