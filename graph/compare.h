// What two graphs have in common: nodes matched by layer and feature in aligned columns, and both
// graphs in one. Non-goal: graphs of different transcoders, whose features are not the same things.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "graph/align.h"
#include "graph/attribution_graph.h"
#include "graph/prune.h"

namespace circuit {

enum class Side : std::uint8_t { kBoth, kOnlyA, kOnlyB };

/// An edge of the union; 0 where a graph has not kept it.
struct ComparedEdge {
  std::size_t source = 0;  ///< Node of the union.
  std::size_t target = 0;
  Side side = Side::kBoth;
  double weight_a = 0, weight_b = 0;
  double share_a = 0,
         share_b = 0;  ///< Signed, of the sum of magnitudes of the target's kept input.
};

struct SideCounts {
  std::size_t both = 0, only_a = 0, only_b = 0;

  void add(Side side) { ++(side == Side::kBoth ? both : side == Side::kOnlyA ? only_a : only_b); }
};

struct Comparison {
  std::vector<AlignedPosition> columns;
  /// Kept nodes and edges of both; positions are columns. A feature, error or token that both have
  /// stands there once, with the mean activation and the smaller cumulative influence; an edge that
  /// both have has the mean weight, a target the mean weight in influence. Compact.
  AttributionGraph graph;
  PrunedGraph kept;
  std::vector<Side> node_sides;     ///< [n_nodes] of the union
  std::vector<ComparedEdge> edges;  ///< In the order of the union's edges.
  SideCounts nodes;                 ///< Kept ones.
  SideCounts features;              ///< Pairs of layer and feature, wherever they stand.
};

struct PrunedView {
  const AttributionGraph& graph;
  const PrunedGraph& pruned;
};

/// Columns of both prompts, by token id, and by text where an id is not known (-1).
std::vector<AlignedPosition> align_prompts(const AttributionGraph& a, const AttributionGraph& b,
                                           std::span<const FixedPair> fixed = {});

/// Throws std::invalid_argument `[compare] …` unless both graphs are of the same transcoders: of
/// equal hashes, or where one is not known, of one `scan`.
void require_same_transcoders(const AttributionGraph& a, const AttributionGraph& b);

/// Errors and tokens match by column, targets by token id (differences, features and vectors by
/// label) and by column, the last position of both being one. The number of layers of the union is
/// the larger one. Throws std::invalid_argument when columns or masks do not
/// fit.
Comparison compare(const PrunedView& a, const PrunedView& b, std::vector<AlignedPosition> columns);

}  // namespace circuit
