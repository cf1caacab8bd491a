#include "tests/support/random_graph.h"

#include <cmath>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace circuit::testing {
namespace {

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : engine_(seed) {}

  // The library's distributions differ between implementations; these do not.
  std::int32_t between(std::int32_t low, std::int32_t high) {
    return low + static_cast<std::int32_t>(engine_() % static_cast<std::uint32_t>(high - low + 1));
  }
  double uniform() { return (static_cast<double>(engine_()) + 0.5) / 4294967296.0; }
  bool chance(double probability) { return uniform() < probability; }

  float weight(bool ties) {
    const float sign = chance(0.5) ? 1.0F : -1.0F;
    if (ties) return sign * std::ldexp(1.0F, between(0, 2));
    return sign * static_cast<float>(-std::log(uniform()));
  }

 private:
  std::mt19937 engine_;
};

GraphNodes random_nodes(Dice& dice) {
  GraphNodes nodes;
  nodes.n_layers = dice.between(1, 4);
  const std::int32_t n_positions = dice.between(1, 5);
  for (std::int32_t i = 0; i < n_positions; ++i) {
    nodes.input_ids.push_back(dice.between(0, 99));
    nodes.tokens.push_back("t" + std::to_string(i));
  }
  std::set<ActiveFeature> features;
  for (std::int32_t i = dice.between(0, 30); i > 0; --i) {
    features.insert({dice.between(0, nodes.n_layers - 1), dice.between(0, n_positions - 1),
                     dice.between(0, 50)});
  }
  nodes.active_features.assign(features.begin(), features.end());
  for (std::size_t i = 0; i < features.size(); ++i) {
    nodes.activation_values.push_back(static_cast<float>(dice.uniform()));
    if (dice.chance(0.9)) nodes.selected_features.push_back(static_cast<std::int32_t>(i));
  }
  for (std::int32_t i = dice.between(1, 4); i > 0; --i) {
    const std::string label = "out" + std::to_string(i);
    nodes.targets.push_back({.kind = TargetKind::kToken,
                             .token_id = i,
                             .probability = dice.chance(0.1) ? 0.0 : dice.uniform() / 4.0,
                             .label = label,
                             .display = label});
  }
  return nodes;
}

EdgeMatrix random_edges(Dice& dice, const AttributionGraph& empty, bool ties) {
  EdgeMatrix edges;
  for (std::size_t row = 0; row < empty.n_nodes(); ++row) {
    const Node reader = empty.node(row);
    const bool has_row = reader.kind == NodeKind::kFeature || reader.kind == NodeKind::kTarget;
    const double density = has_row && dice.chance(0.9) ? dice.uniform() : 0.0;
    for (std::size_t column = 0; column < empty.first_target(); ++column) {
      const Node source = empty.node(column);
      if (source.layer >= reader.layer || source.position > reader.position) continue;
      if (!dice.chance(density)) continue;
      edges.columns.push_back(static_cast<std::int32_t>(column));
      edges.weights.push_back(dice.chance(0.05) ? 0.0F : dice.weight(ties));
    }
    edges.row_offsets.push_back(static_cast<std::int64_t>(edges.columns.size()));
  }
  return edges;
}

RowTotals random_totals(Dice& dice, std::size_t rows) {
  RowTotals totals;
  for (std::size_t i = 0; i < rows; ++i) {
    totals.totals.push_back(dice.uniform());
    totals.absolute_totals.push_back(1.0 + dice.uniform());
    totals.bias_terms.push_back(dice.uniform());
    totals.pre_activations.push_back(totals.totals.back() + totals.bias_terms.back() + 1e-7);
  }
  return totals;
}

}  // namespace

AttributionGraph random_graph(const RandomGraphOptions& options) {
  Dice dice(options.seed);
  GraphNodes nodes = random_nodes(dice);
  const std::size_t n_nodes = nodes.n_nodes();
  const AttributionGraph empty(nodes, compress(std::vector<MatrixEntry>(), n_nodes));
  EdgeMatrix edges = random_edges(dice, empty, options.ties);
  std::vector<float> dropped(n_nodes);
  for (float& share : dropped) share = static_cast<float>(dice.uniform());
  RowTotals totals = random_totals(dice, empty.n_features() + empty.n_targets());
  Provenance provenance{.prompt = "a prompt",
                        .model_name = "model",
                        .model_hash = "0123456789abcdef",
                        .transcoders_name = "transcoders",
                        .transcoders_hash = "fedcba9876543210",
                        .scan = "scan",
                        .tool_version = "0",
                        .settings = {{"max-features", "0"}},
                        .feature_labels = {{{0, 1}, {"label", "a person"}}}};
  FeatureSimilarity similarity;
  for (std::size_t i = 0; i + 1 < empty.n_features(); ++i) {
    const auto first = static_cast<std::int32_t>(i);
    similarity.pairs.emplace_back(first, first + 1);
    similarity.cosines.push_back(static_cast<float>(dice.uniform()));
  }
  return {std::move(nodes),  std::move(edges),      std::move(dropped),
          std::move(totals), std::move(provenance), std::move(similarity)};
}

}  // namespace circuit::testing
