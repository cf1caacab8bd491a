#include "tests/support/graph_generator.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace circuit::testing {
namespace {

GraphNodes make_nodes(std::int32_t n_layers, std::int32_t n_positions,
                      const std::set<std::vector<std::int32_t>>& features,
                      const std::vector<std::int32_t>& weights) {
  GraphNodes nodes;
  nodes.n_layers = n_layers;
  for (std::int32_t position = 0; position < n_positions; ++position) {
    nodes.input_ids.push_back(position);
    nodes.tokens.push_back("t" + std::to_string(position));
  }
  std::set<ActiveFeature> sorted;
  for (const auto& f : features) sorted.insert({f[0] % n_layers, f[1] % n_positions, f[2]});
  nodes.active_features.assign(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    nodes.activation_values.push_back(1.0F + static_cast<float>(i));
    nodes.selected_features.push_back(static_cast<std::int32_t>(i));
  }
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const std::string label = "out" + std::to_string(i);
    nodes.targets.push_back({.kind = TargetKind::kToken,
                             .token_id = static_cast<std::int32_t>(i),
                             .probability = weights[i] / 8.0,
                             .label = label,
                             .display = label});
  }
  return nodes;
}

bool may_read(const AttributionGraph& graph, std::size_t row, std::size_t column) {
  const Node reader = graph.node(row), source = graph.node(column);
  if (reader.kind != NodeKind::kFeature && reader.kind != NodeKind::kTarget) return false;
  return column < graph.first_target() && source.layer < reader.layer &&
         source.position <= reader.position;
}

/// Triples of row, column and weight, those that no graph may have left out.
AttributionGraph with_edges(GraphNodes nodes, const std::vector<std::vector<std::int32_t>>& edges) {
  const std::size_t n_nodes = nodes.n_nodes();
  const AttributionGraph empty(nodes, compress(std::vector<MatrixEntry>(), n_nodes));
  std::map<std::pair<std::size_t, std::size_t>, float> weights;
  for (const auto& edge : edges) {
    const auto row = static_cast<std::size_t>(edge[0]) % n_nodes;
    const auto column = static_cast<std::size_t>(edge[1]) % n_nodes;
    if (may_read(empty, row, column)) weights[{row, column}] = static_cast<float>(edge[2]) / 4.0F;
  }
  std::vector<MatrixEntry> entries;
  for (const auto& [place, weight] : weights) {
    entries.push_back({place.first, place.second, weight});
  }
  return {std::move(nodes), compress(entries, n_nodes)};
}

/// `count` numbers in [low, high).
rc::Gen<std::vector<std::int32_t>> numbers(std::size_t count, std::int32_t low, std::int32_t high) {
  return rc::gen::container<std::vector<std::int32_t>>(count, rc::gen::inRange(low, high));
}

rc::Gen<std::vector<std::int32_t>> any_edge() {
  return rc::gen::apply(
      [](std::vector<std::int32_t> ends, std::int32_t weight) {
        ends.push_back(weight);
        return ends;
      },
      numbers(2, 0, 1 << 20), rc::gen::inRange(-8, 9));
}

}  // namespace

rc::Gen<AttributionGraph> any_graph() {
  using Numbers = std::vector<std::int32_t>;
  return rc::gen::apply(
      [](std::int32_t n_layers, std::int32_t n_positions, const std::set<Numbers>& features,
         Numbers targets, const std::vector<Numbers>& edges) {
        if (targets.empty()) targets.push_back(4);
        return with_edges(make_nodes(n_layers, n_positions, features, targets), edges);
      },
      rc::gen::inRange(1, 5), rc::gen::inRange(1, 6),
      rc::gen::scale(0.4, rc::gen::container<std::set<Numbers>>(numbers(3, 0, 60))),
      rc::gen::scale(0.04, rc::gen::container<Numbers>(rc::gen::inRange(0, 9))),
      rc::gen::scale(8, rc::gen::container<std::vector<Numbers>>(any_edge())));
}

rc::Gen<double> any_share() {
  return rc::gen::map(rc::gen::inRange(0, 51), [](int share) { return share / 50.0; });
}

}  // namespace circuit::testing
