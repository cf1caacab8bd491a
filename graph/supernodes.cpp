#include "graph/supernodes.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <stdexcept>
#include <string_view>
#include <tuple>

#include "graph/influence.h"
#include "graph/kept_edges.h"

namespace circuit {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

[[noreturn]] void refuse(const Supernode& supernode, const std::string& problem) {
  throw std::invalid_argument("[supernodes] group '" + supernode.name + "' " + problem);
}

/// Which unit each node belongs to; kNone for nodes that are not kept.
std::vector<std::size_t> units_of_nodes(const AttributionGraph& graph,
                                        std::span<const Supernode> units) {
  std::vector<std::size_t> unit_of(graph.n_nodes(), kNone);
  for (std::size_t unit = 0; unit < units.size(); ++unit) {
    for (const std::size_t node : units[unit].nodes) unit_of[node] = unit;
  }
  return unit_of;
}

void add_single_nodes(const PrunedGraph& pruned, const std::vector<std::size_t>& unit_of,
                      std::vector<Supernode>& units) {
  for (std::size_t node = 0; node < unit_of.size(); ++node) {
    if (pruned.node_mask[node] != 0 && unit_of[node] == kNone) {
      units.push_back({.name = {}, .nodes = {node}});
    }
  }
}

/// Adds up edges between the same two units, which need not be neighbours in `edges`.
std::vector<GroupedEdge> collapse(std::vector<GroupedEdge> edges) {
  std::ranges::stable_sort(
      edges, {}, [](const GroupedEdge& edge) { return std::tuple(edge.target, edge.source); });
  std::vector<GroupedEdge> sums;
  for (const GroupedEdge& edge : edges) {
    if (sums.empty() || sums.back().target != edge.target || sums.back().source != edge.source) {
      sums.push_back({.source = edge.source, .target = edge.target});
    }
    sums.back().weight += edge.weight;
    sums.back().magnitude += edge.magnitude;
    ++sums.back().edges;
  }
  return sums;
}

void fill_shares(std::size_t n_units, std::vector<GroupedEdge>& edges) {
  std::vector<double> inputs(n_units, 0.0);
  for (const GroupedEdge& edge : edges) inputs[edge.target] += edge.magnitude;
  for (GroupedEdge& edge : edges) {
    edge.share = inputs[edge.target] > 0 ? edge.magnitude / inputs[edge.target] : 0.0;
  }
}

}  // namespace

void check_supernodes(const AttributionGraph& graph, const PrunedGraph& pruned,
                      std::span<const Supernode> supernodes) {
  std::set<std::string_view> names;
  std::vector<std::size_t> unit_of(graph.n_nodes(), kNone);
  for (std::size_t unit = 0; unit < supernodes.size(); ++unit) {
    const Supernode& supernode = supernodes[unit];
    if (supernode.name.empty()) refuse(supernode, "has no name");
    if (supernode.nodes.empty()) refuse(supernode, "has no member");
    if (!names.insert(supernode.name).second) refuse(supernode, "comes twice");
    if (!std::ranges::is_sorted(supernode.nodes)) refuse(supernode, "has members out of order");
    for (const std::size_t node : supernode.nodes) {
      const std::string name = "node " + std::to_string(node);
      if (node >= graph.n_nodes()) refuse(supernode, "holds " + name + ", the graph has none");
      if (pruned.node_mask[node] == 0) refuse(supernode, "holds " + name + ", which is not kept");
      if (unit_of[node] == unit) refuse(supernode, "holds " + name + " twice");
      if (unit_of[node] != kNone) {
        refuse(supernode, "holds " + name + ", which is in group '" +
                              supernodes[unit_of[node]].name + "' too");
      }
      unit_of[node] = unit;
    }
  }
}

GroupedGraph group_nodes(const AttributionGraph& graph, const PrunedGraph& pruned,
                         std::span<const Supernode> supernodes) {
  require_masks_of(graph, pruned, "group_nodes");
  check_supernodes(graph, pruned, supernodes);
  GroupedGraph grouped{.n_supernodes = supernodes.size(),
                       .units = {supernodes.begin(), supernodes.end()}};
  add_single_nodes(pruned, units_of_nodes(graph, grouped.units), grouped.units);
  const std::vector<std::size_t> unit_of = units_of_nodes(graph, grouped.units);

  const std::vector<double> influence = compute_influence(graph);
  for (const Supernode& unit : grouped.units) {
    double sum = 0.0;
    for (const std::size_t node : unit.nodes) sum += influence[node];
    grouped.influence.push_back(sum);
  }
  grouped.inner_magnitude.assign(grouped.units.size(), 0.0);
  std::vector<GroupedEdge> edges;
  for_each_kept_edge(graph, pruned, [&](std::size_t source, std::size_t target, float weight) {
    const double magnitude = std::abs(static_cast<double>(weight));
    if (unit_of[source] == unit_of[target]) {
      grouped.inner_magnitude[unit_of[target]] += magnitude;
    } else {
      edges.push_back({.source = unit_of[source],
                       .target = unit_of[target],
                       .weight = weight,
                       .magnitude = magnitude});
    }
  });
  grouped.edges = collapse(std::move(edges));
  fill_shares(grouped.units.size(), grouped.edges);
  return grouped;
}

bool is_cyclic(const GroupedGraph& grouped) {
  // What has no input left can be taken away; what remains lies on or behind a cycle.
  std::vector<std::vector<std::size_t>> outputs(grouped.units.size());
  std::vector<std::size_t> inputs(grouped.units.size(), 0);
  for (const GroupedEdge& edge : grouped.edges) {
    outputs[edge.source].push_back(edge.target);
    ++inputs[edge.target];
  }
  std::vector<std::size_t> free;
  for (std::size_t unit = 0; unit < inputs.size(); ++unit) {
    if (inputs[unit] == 0) free.push_back(unit);
  }
  std::size_t removed = 0;
  while (!free.empty()) {
    const std::size_t unit = free.back();
    free.pop_back();
    ++removed;
    for (const std::size_t target : outputs[unit]) {
      if (--inputs[target] == 0) free.push_back(target);
    }
  }
  return removed < grouped.units.size();
}

std::vector<std::uint8_t> supernode_mask(const AttributionGraph& graph,
                                         std::span<const Supernode> supernodes) {
  std::vector<std::uint8_t> mask(graph.n_nodes(), 1);
  std::fill_n(mask.begin(), graph.n_features(), std::uint8_t{0});
  for (const Supernode& supernode : supernodes) {
    for (const std::size_t node : supernode.nodes) mask.at(node) = 1;
  }
  return mask;
}

}  // namespace circuit
