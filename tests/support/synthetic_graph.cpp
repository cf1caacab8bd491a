#include "tests/support/synthetic_graph.h"

#include <array>
#include <cmath>
#include <random>
#include <set>
#include <string_view>
#include <utility>

namespace circuit::testing {
namespace {

constexpr std::array<std::string_view, 16> kWords = {
    "the",   "capital", "of",    "state",    "containing", "Dallas", "is",    "Austin",
    "Texas", "large",   "small", "opposite", "language",   "French", "sound", "Connecticut"};
constexpr std::int32_t kVocabulary = 1000;

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : engine_(seed) {}
  // The library's distributions differ between implementations; these do not.
  double uniform() { return (static_cast<double>(engine_()) + 0.5) / 4294967296.0; }
  std::int32_t below(std::int32_t end) {
    return static_cast<std::int32_t>(engine_() % static_cast<std::uint32_t>(end));
  }
  std::string_view word() { return kWords[static_cast<std::size_t>(below(16))]; }

 private:
  std::mt19937 engine_;
};

std::string text_of(Dice& dice, bool hostile, std::size_t index) {
  if (hostile) return hostile_texts()[index % hostile_texts().size()];
  return " " + std::string(dice.word());
}

void add_features(const SyntheticGraphOptions& options, Dice& dice, GraphNodes& nodes) {
  std::set<ActiveFeature> features;
  const std::int32_t first = options.n_positions > 1 ? 1 : 0;  // position 0 has none, as in models
  for (std::int32_t i = 0; i < options.n_active; ++i) {
    const double low = std::pow(dice.uniform(), 1.7), late = 1 - std::pow(dice.uniform(), 2.5);
    const auto layer = static_cast<std::int32_t>(low * options.n_layers);
    const auto position =
        first + static_cast<std::int32_t>(late * (options.n_positions - first - 1) + 0.5);
    features.insert({layer, position, dice.below(16384)});
  }
  nodes.active_features.assign(features.begin(), features.end());
  for (std::size_t i = 0; i < features.size(); ++i) {
    nodes.activation_values.push_back(static_cast<float>(0.5 + 8 * dice.uniform()));
    if (dice.uniform() < 0.9) nodes.selected_features.push_back(static_cast<std::int32_t>(i));
  }
}

void add_targets(const SyntheticGraphOptions& options, Dice& dice, GraphNodes& nodes) {
  double left = 0.97;
  for (std::int32_t i = 0; i < options.n_targets; ++i) {
    const std::string text = text_of(dice, options.hostile_text, static_cast<std::size_t>(i));
    const bool direction = options.direction && i + 1 == options.n_targets;
    nodes.targets.push_back({.kind = direction ? TargetKind::kDifference : TargetKind::kToken,
                             .token_id = direction ? -1 : 500 + i,
                             .probability = left * 0.6,
                             .label = direction ? "logit(" + text + ")-logit( B)" : text,
                             .display = direction ? text + " -  B" : text});
    left *= 0.4;
  }
}

void add_more_targets(const SyntheticGraphOptions& options, Dice& dice, GraphNodes& nodes) {
  const std::int32_t position = options.n_positions - 3, layer = options.n_layers / 2;
  const std::string name = "L" + std::to_string(layer) + "/77";
  const std::string text = text_of(dice, options.hostile_text, 3);
  nodes.targets.push_back({.kind = TargetKind::kToken,
                           .token_id = 900,
                           .probability = 0.25,
                           .label = text,
                           .display = text,
                           .position = position});
  nodes.targets.push_back({.kind = TargetKind::kFeature,
                           .probability = 1,
                           .label = name,
                           .display = name,
                           .position = position,
                           .layer = layer,
                           .feature = 77});
  nodes.targets.push_back({.kind = TargetKind::kVector,
                           .probability = 0.5,
                           .label = text,
                           .display = text,
                           .vector = {1, -2.5, 3}});
}

GraphNodes make_nodes(const SyntheticGraphOptions& options, Dice& dice) {
  GraphNodes nodes;
  nodes.n_layers = options.n_layers;
  for (std::int32_t i = 0; i < options.n_positions; ++i) {
    nodes.input_ids.push_back(dice.below(500));
    nodes.tokens.push_back(text_of(dice, options.hostile_text, static_cast<std::size_t>(i)));
  }
  add_features(options, dice, nodes);
  add_targets(options, dice, nodes);
  if (options.more_targets) add_more_targets(options, dice, nodes);
  return nodes;
}

EdgeMatrix make_edges(const SyntheticGraphOptions& options, Dice& dice,
                      const AttributionGraph& empty) {
  EdgeMatrix edges;
  for (std::size_t row = 0; row < empty.n_nodes(); ++row) {
    const Node reader = empty.node(row);
    const bool has_row = reader.kind == NodeKind::kFeature || reader.kind == NodeKind::kTarget;
    for (std::size_t column = 0; has_row && column < empty.first_target(); ++column) {
      const Node source = empty.node(column);
      if (source.layer >= empty.read_layer(row) || source.position > reader.position) continue;
      if (dice.uniform() > options.density) continue;
      const double near = source.position == reader.position ? 3 : 1;
      const double sign = dice.uniform() < 0.7 ? 1 : -1;
      edges.columns.push_back(static_cast<std::int32_t>(column));
      edges.weights.push_back(static_cast<float>(sign * near * std::pow(dice.uniform(), 4)));
    }
    edges.row_offsets.push_back(static_cast<std::int64_t>(edges.columns.size()));
  }
  return edges;
}

RowTotals make_totals(Dice& dice, std::size_t rows) {
  RowTotals totals;
  for (std::size_t i = 0; i < rows; ++i) {
    totals.totals.push_back(dice.uniform());
    totals.absolute_totals.push_back(1 + dice.uniform());
    totals.bias_terms.push_back(dice.uniform() / 3);
    totals.pre_activations.push_back(totals.totals.back() + totals.bias_terms.back());
  }
  return totals;
}

Provenance make_provenance(const SyntheticGraphOptions& options, Dice& dice,
                           const AttributionGraph& graph) {
  Provenance provenance{.prompt = "the capital of the state containing Dallas is",
                        .model_name = "synthetic",
                        .model_hash = "0123456789abcdef",
                        .transcoders_name = "synthetic-clt",
                        .transcoders_hash = "fedcba9876543210",
                        .scan = "synthetic-clt",
                        .tool_version = "0.1.0",
                        .settings = {{"max-features", "7500"},
                                     {"logit-prob", "0.95"},
                                     {"target", "a \"b\" \\ c"},
                                     {"vocabulary_size", std::to_string(kVocabulary)}},
                        .feature_labels = {}};
  if (options.hostile_text) {
    provenance.prompt.clear();
    for (const std::string& text : hostile_texts()) provenance.prompt += text;
  }
  for (std::size_t i = 0; i < graph.n_features(); ++i) {
    if (i % 7 == 6) continue;  // some features have no label
    const Node node = graph.node(i);
    std::string text = text_of(dice, options.hostile_text, i).substr(options.hostile_text ? 0 : 1);
    if (!options.hostile_text) {
      text += ", " + std::string(dice.word()) + ", " + std::string(dice.word());
    }
    provenance.feature_labels[{node.layer, node.feature}] = {text, "output tokens"};
  }
  return provenance;
}

}  // namespace

AttributionGraph synthetic_graph(const SyntheticGraphOptions& options) {
  Dice dice(options.seed);
  GraphNodes nodes = make_nodes(options, dice);
  const std::size_t n_nodes = nodes.n_nodes();
  const AttributionGraph empty(nodes, compress(std::vector<MatrixEntry>(), n_nodes));
  EdgeMatrix edges = make_edges(options, dice, empty);
  std::vector<float> dropped(n_nodes);
  for (float& share : dropped) share = static_cast<float>(dice.uniform() / 10);
  FeatureSimilarity similarity;
  for (std::size_t i = 0; i + 1 < empty.n_features(); i += 2) {
    similarity.pairs.emplace_back(static_cast<std::int32_t>(i), static_cast<std::int32_t>(i + 1));
    similarity.cosines.push_back(static_cast<float>(0.3 + 0.7 * dice.uniform()));
  }
  RowTotals totals = make_totals(dice, empty.n_features() + empty.n_targets());
  Provenance provenance = make_provenance(options, dice, empty);
  return {std::move(nodes),  std::move(edges),      std::move(dropped),
          std::move(totals), std::move(provenance), std::move(similarity)};
}

const std::vector<std::string>& hostile_texts() {
  static const std::vector<std::string> texts = {
      " \"quoted\"",
      "back\\slash\\N\\G",
      "line\nbreak\r\ttab",
      "]]>",
      "<script>alert(1)</script>",
      "\\xE2\\x82",
      "&amp; & &#0;",
      "é漢字🙂",
      std::string("\x01\x1b[31m\x7f", 7),
      "end\\",
      "\\\"",
      "--> <!--",
      " (p=0.5)",
      "'",
      "",
      " ",
      "L3/512\" -> \"x",
      "a very long token that never seems to come to its end, as some do"};
  return texts;
}

}  // namespace circuit::testing
