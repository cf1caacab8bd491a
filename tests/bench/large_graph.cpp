#include "tests/bench/large_graph.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace circuit::bench {
namespace {

/// SplitMix64.
class Dice {
 public:
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }
  double uniform() { return (static_cast<double>(next() >> 11U) + 0.5) / 9007199254740992.0; }

 private:
  std::uint64_t state_ = 1;
};

GraphNodes make_nodes(const LargeGraphOptions& options, Dice& dice) {
  GraphNodes nodes;
  nodes.n_layers = options.n_layers;
  for (std::int32_t position = 0; position < options.n_positions; ++position) {
    nodes.input_ids.push_back(position);
    nodes.tokens.push_back(" t" + std::to_string(position));
  }
  for (std::int32_t i = 0; i < 10; ++i) {
    const std::string label = " out" + std::to_string(i);
    nodes.targets.push_back({.kind = TargetKind::kToken,
                             .token_id = i,
                             .probability = 0.09,
                             .label = label,
                             .display = label});
  }
  const auto others =
      nodes.targets.size() + nodes.tokens.size() * static_cast<std::size_t>(options.n_layers + 1);
  const std::size_t n_features = options.n_nodes - std::min(options.n_nodes, others);
  const auto cells = static_cast<std::size_t>(options.n_layers) *
                     static_cast<std::size_t>(options.n_positions - 1);
  for (std::size_t i = 0; i < n_features; ++i) {
    const std::size_t cell = i * cells / n_features;
    const std::size_t width = nodes.tokens.size() - 1;
    nodes.active_features.push_back({static_cast<std::int32_t>(cell / width),
                                     static_cast<std::int32_t>(cell % width + 1),
                                     static_cast<std::int32_t>(i)});
    nodes.activation_values.push_back(static_cast<float>(1 + dice.uniform()));
    nodes.selected_features.push_back(static_cast<std::int32_t>(i));
  }
  return nodes;
}

/// Ranges of columns that `row` may read, ascending.
std::vector<std::pair<std::size_t, std::size_t>> readable(const AttributionGraph& graph,
                                                          std::size_t row) {
  const Node reader = graph.node(row);
  std::vector<std::pair<std::size_t, std::size_t>> ranges;
  const auto& features = graph.nodes().active_features;
  for (std::int32_t layer = 0; layer < reader.layer; ++layer) {
    const auto first = std::ranges::lower_bound(features, ActiveFeature{layer, 0, 0});
    const auto last =
        std::ranges::lower_bound(features, ActiveFeature{layer, reader.position + 1, 0});
    ranges.emplace_back(first - features.begin(), last - features.begin());
  }
  const auto width = static_cast<std::size_t>(reader.position) + 1;
  for (std::int32_t layer = 0; layer < reader.layer; ++layer) {
    const std::size_t first = graph.error_node(static_cast<std::size_t>(layer), 0);
    ranges.emplace_back(first, first + width);
  }
  ranges.emplace_back(graph.first_token(), graph.first_token() + width);
  return ranges;
}

EdgeMatrix make_edges(const AttributionGraph& empty, double density, Dice& dice) {
  EdgeMatrix edges;
  for (std::size_t row = 0; row < empty.n_nodes(); ++row) {
    const NodeKind kind = empty.kind(row);
    if (kind == NodeKind::kFeature || kind == NodeKind::kTarget) {
      for (const auto& [first, last] : readable(empty, row)) {
        // Steps of mean 1 / density.
        for (double at = static_cast<double>(first) + (2 * dice.uniform() - 1) * (1 / density - 1);
             at < static_cast<double>(last); at += 1 + 2 * dice.uniform() * (1 / density - 1)) {
          if (at < static_cast<double>(first)) continue;
          const auto column = static_cast<std::int32_t>(at);
          if (!edges.columns.empty() &&
              static_cast<std::int64_t>(edges.columns.size()) > edges.row_offsets.back() &&
              edges.columns.back() >= column) {
            continue;
          }
          const double uniform = dice.uniform();
          edges.columns.push_back(column);
          edges.weights.push_back(
              static_cast<float>((uniform < 0.5 ? -1 : 1) * std::pow(dice.uniform(), 6)));
        }
      }
    }
    edges.row_offsets.push_back(static_cast<std::int64_t>(edges.columns.size()));
  }
  return edges;
}

}  // namespace

AttributionGraph large_graph(const LargeGraphOptions& options) {
  Dice dice;
  GraphNodes nodes = make_nodes(options, dice);
  const AttributionGraph empty(nodes, compress(std::vector<MatrixEntry>(), nodes.n_nodes()));
  double possible = 0;
  for (std::size_t row = 0; row < empty.n_nodes(); ++row) {
    const NodeKind kind = empty.kind(row);
    if (kind != NodeKind::kFeature && kind != NodeKind::kTarget) continue;
    for (const auto& [first, last] : readable(empty, row)) {
      possible += static_cast<double>(last - first);
    }
  }
  const double density = std::min(1.0, static_cast<double>(options.n_edges) / possible);
  EdgeMatrix edges = make_edges(empty, density, dice);
  edges.columns.shrink_to_fit();
  edges.weights.shrink_to_fit();
  return {std::move(nodes), std::move(edges)};
}

}  // namespace circuit::bench
