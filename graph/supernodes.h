// Groups of nodes that are looked at as one, and the smaller graph that they make. Non-goals:
// finding groups (node_groups.h), scores: those of a grouped graph are the ungrouped graph's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "graph/attribution_graph.h"
#include "graph/prune.h"

namespace circuit {

struct Supernode {
  std::string name;                ///< Not empty, unique among the groups of a graph.
  std::vector<std::size_t> nodes;  ///< Node indices, ascending, at least one.

  friend bool operator==(const Supernode&, const Supernode&) = default;
};

/// The edges between the members of two units, collapsed to one.
struct GroupedEdge {
  std::size_t source = 0;  ///< Index into GroupedGraph::units.
  std::size_t target = 0;  ///< Index into GroupedGraph::units, another one.
  double weight = 0;       ///< Signed sum.
  double magnitude = 0;    ///< Σ|w|; more than |weight| where edges of both signs met.
  std::size_t edges = 0;   ///< How many were collapsed.
  double share = 0;        ///< magnitude over all that enters the target from outside, in [0, 1].
};

/// Supernodes, and every other kept node by itself. May be cyclic: two groups can feed each other
/// through different members.
struct GroupedGraph {
  std::size_t n_supernodes = 0;
  std::vector<Supernode> units;         ///< Supernodes as given, then nodes (no name), ascending.
  std::vector<double> influence;        ///< [units] sum of the members' on the ungrouped graph
  std::vector<double> inner_magnitude;  ///< [units] Σ|w| of kept edges between members
  std::vector<GroupedEdge> edges;       ///< By target, then source.
};

/// Throws std::invalid_argument `[supernodes] …` naming the first group that has no name or no
/// member, a name of an earlier one, or a node that is not kept, out of order or in another group.
void check_supernodes(const AttributionGraph& graph, const PrunedGraph& pruned,
                      std::span<const Supernode> supernodes);

/// Collapses kept edges. Throws as `check_supernodes` does, and std::invalid_argument when masks
/// are not of this graph. O(edges log edges); sums run in the order of the edges.
GroupedGraph group_nodes(const AttributionGraph& graph, const PrunedGraph& pruned,
                         std::span<const Supernode> supernodes);

/// Whether edges lead from a unit back to itself.
bool is_cyclic(const GroupedGraph& grouped);

/// The mask [n_nodes] of errors, tokens, targets and those features that are in a group: with
/// `compute_scores`, how much the groups alone explain.
std::vector<std::uint8_t> supernode_mask(const AttributionGraph& graph,
                                         std::span<const Supernode> supernodes);

}  // namespace circuit
