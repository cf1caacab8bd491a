// Finds groups of features in a pruned graph (docs/grouping.md). Non-goals: naming them, groups by
// hand.
#pragma once

#include <cstddef>
#include <vector>

#include "graph/attribution_graph.h"
#include "graph/prune.h"

namespace circuit {

/// What members of a group have in common. Several at once: all of them.
struct GroupingOptions {
  bool by_feature = false;     ///< The same feature at any position.
  bool by_layer = false;       ///< The same layer.
  bool by_position = false;    ///< The same position.
  bool by_similarity = false;  ///< Alike decoders, as the graph's FeatureSimilarity has them.
  bool by_neighbours = false;  ///< Alike shares of inputs and outputs.
  /// Least mean decoder cosine between clusters that are merged, in (0, 1].
  double min_similarity = 0.5;
  /// Least mean cosine of neighbour profiles between clusters that are merged, in (0, 1].
  double min_shared = 0.5;
  /// Smaller groups are dropped: their nodes stay by themselves.
  std::size_t min_members = 2;
};

/// Groups of kept feature nodes, each ascending, ordered by first member; no node in two.
///
/// Features that differ in layer, position or feature where these are asked for are never put
/// together; within what is left, similarity and neighbours are clustered by average linkage
/// (linkage.h). With both, a pair is as alike as the lesser of its two cosines, each divided by its
/// threshold.
///
/// Neighbour profile of a node: the signed shares of its kept inputs, and the signed shares that it
/// has of the inputs of those it feeds, each scaled to length 1; the cosine of two nodes is the
/// mean of the two parts' cosines. Cosines below 0.1 count as 0.
///
/// Throws std::invalid_argument `[find_groups] …` for no criterion, feature with position (no two
/// nodes share both), thresholds out of range or foreign masks; std::runtime_error when decoder
/// similarity is asked for and the graph has none.
std::vector<std::vector<std::size_t>> find_groups(const AttributionGraph& graph,
                                                  const PrunedGraph& pruned,
                                                  const GroupingOptions& options);

}  // namespace circuit
