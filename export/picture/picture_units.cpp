#include "export/picture/picture_units.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "export/picture/picture_boxes.h"
#include "export/text/output_text.h"

namespace circuit {
namespace {

/// `L3`, `L1–L4`, or nothing where no member is a feature or an error.
std::string layers_text(const std::vector<std::int32_t>& layers, std::int32_t n_layers) {
  const auto inside = [&](std::int32_t layer) { return layer >= 0 && layer < n_layers; };
  const auto first = std::ranges::find_if(layers, inside);
  if (first == layers.end()) return {};
  const auto last = std::find_if(layers.rbegin(), layers.rend(), inside);
  const std::string low = "L" + std::to_string(*first);
  return *first == *last ? low : low + "–L" + std::to_string(*last);
}

std::int32_t most_common(const std::vector<std::int32_t>& values) {
  std::map<std::int32_t, std::size_t> counts;
  for (const std::int32_t value : values) ++counts[value];
  return std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; })
      ->first;
}

NodeKind kind_of_row(std::int32_t layer, std::int32_t n_layers) {
  if (layer < 0) return NodeKind::kToken;
  return layer >= n_layers ? NodeKind::kTarget : NodeKind::kFeature;
}

float least_cumulative_influence(const PrunedGraph& pruned, const Supernode& unit) {
  float least = 1.0F;
  for (const std::size_t node : unit.nodes) {
    least = std::min(least, pruned.node_cumulative_influence[node]);
  }
  return least;
}

Box supernode_box(const AttributionGraph& graph, const PrunedGraph& pruned, const Supernode& unit) {
  std::vector<std::int32_t> layers, positions;
  for (const std::size_t node : unit.nodes) {
    layers.push_back(graph.node(node).layer);
    positions.push_back(graph.node(node).position);
  }
  std::ranges::sort(layers);
  const auto n_layers = static_cast<std::int32_t>(graph.n_layers());
  Box box;
  box.node = unit.nodes.front();
  box.members = unit.nodes;
  box.layer = layers[layers.size() / 2];
  box.kind = kind_of_row(box.layer, n_layers);
  box.position = box.kind == NodeKind::kTarget ? static_cast<std::int32_t>(graph.n_positions()) - 1
                                               : most_common(positions);
  box.name = unit.name;
  box.strength = strength_of(pruned, least_cumulative_influence(pruned, unit));
  const std::string layers_of = layers_text(layers, n_layers);
  fill_supernode(unit.name,
                 std::to_string(unit.nodes.size()) + (unit.nodes.size() == 1 ? " node" : " nodes") +
                     (layers_of.empty() ? "" : ", " + layers_of),
                 box);
  return box;
}

using UnitPair = std::pair<std::size_t, std::size_t>;

UnitPair nodes_of(const GroupedGraph& grouped, const GroupedEdge& edge) {
  return {grouped.units[edge.source].nodes.front(), grouped.units[edge.target].nodes.front()};
}

}  // namespace

KeptGraph unit_graph(const GroupedGraph& grouped) {
  KeptGraph kept;
  for (const Supernode& unit : grouped.units) kept.nodes.push_back(unit.nodes.front());
  for (const GroupedEdge& edge : grouped.edges) {
    const auto [source, target] = nodes_of(grouped, edge);
    kept.edges.push_back({.source = source,
                          .target = target,
                          .weight = static_cast<float>(edge.weight),
                          .share = edge.share});
  }
  return kept;
}

std::vector<Box> make_unit_boxes(const AttributionGraph& graph, const PrunedGraph& pruned,
                                 const GroupedGraph& grouped, const PictureOptions& options) {
  std::vector<Box> boxes;
  for (std::size_t unit = 0; unit < grouped.units.size(); ++unit) {
    boxes.push_back(unit < grouped.n_supernodes
                        ? supernode_box(graph, pruned, grouped.units[unit])
                        : make_box(graph, pruned, grouped.units[unit].nodes.front(), options));
  }
  return boxes;
}

void fill_magnitudes(const GroupedGraph& grouped, Picture& picture) {
  std::map<UnitPair, const GroupedEdge*> edges;
  for (const GroupedEdge& edge : grouped.edges) edges[nodes_of(grouped, edge)] = &edge;
  for (Curve& curve : picture.curves) {
    const GroupedEdge* const edge =
        edges.at({picture.boxes[curve.source].node, picture.boxes[curve.target].node});
    curve.magnitude = edge->magnitude;
    curve.edges = edge->edges;
  }
}

}  // namespace circuit
