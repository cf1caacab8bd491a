// A model of a few lines for tests of studies: "capital of X is" is answered by what one feature
// says.
//
// Tokens are words. Feature `word` of layer 0 fires at each word; feature kWords + w of layer 1
// fires at the last position for each word w of the prompt, with activation 1 + 0.1 · position.
// Every feature of layer 1 pushes the answer of its word by 5 times its activation.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tracer/study/study_model.h"
#include "tracer/text/feature_edit.h"
#include "tracer/text/positions.h"

namespace circuit::testing {

/// As if the process had ended: nothing that is caught as an error.
struct Killed {};

class FakeModel : public StudyModel {
 public:
  static constexpr std::int64_t kWords = 1000;

  /// Pairs of a word and its answer; other words have none.
  explicit FakeModel(std::vector<std::pair<std::string, std::string>> answers) {
    id_of("<bos>");
    for (const auto& [word, answer] : answers) answers_[id_of(word)] = id_of(answer);
  }

  std::size_t runs = 0, traces = 0;    ///< interventions run, prompts traced
  std::size_t most = 64;               ///< interventions at once
  std::size_t fails_after = SIZE_MAX;  ///< runs until it throws Killed

  std::string model_hash() override { return "fake"; }
  std::string transcoders_hash() override { return "0123456789abcdef"; }
  std::int64_t n_layers() override { return 2; }
  std::size_t most_interventions(const PromptInput&) override { return most; }

  std::vector<std::int32_t> encode(const PromptInput& input) override {
    std::vector<std::int32_t> ids;
    if (input.bos != "none") ids.push_back(0);
    std::string word;
    for (const char c : input.prompt + " ") {
      if (c != ' ') {
        word += c;
      } else if (!word.empty()) {
        ids.push_back(static_cast<std::int32_t>(id_of(word)));
        word.clear();
      }
    }
    return ids;
  }

  AttributionGraph trace(const PromptInput& prompt, const AttributionOptions&) override {
    ++traces;
    GraphNodes nodes{.n_layers = 2, .input_ids = encode(prompt)};
    nodes.tokens.assign(nodes.input_ids.size(), "w");
    for (const auto& [spot, activation] : clean(prompt)) {
      nodes.selected_features.push_back(static_cast<std::int32_t>(nodes.active_features.size()));
      nodes.active_features.push_back({.layer = static_cast<std::int32_t>(spot[0]),
                                       .position = static_cast<std::int32_t>(spot[1]),
                                       .feature = static_cast<std::int32_t>(spot[2])});
      nodes.activation_values.push_back(static_cast<float>(activation));
    }
    nodes.targets = {{.kind = TargetKind::kToken, .token_id = 1, .probability = 1.0}};
    const std::size_t target = nodes.first_target();
    std::vector<MatrixEntry> edges;
    for (std::size_t i = 0; i < nodes.active_features.size(); ++i) {
      if (nodes.active_features[i].layer == 1)
        edges.push_back({target, i, nodes.activation_values[i]});
    }
    EdgeMatrix matrix = compress(edges, nodes.n_nodes());
    return AttributionGraph(std::move(nodes), std::move(matrix));
  }

  std::vector<StudyOutcome> outcomes(const PromptInput& prompt,
                                     const std::vector<Intervention>& interventions,
                                     bool activations) override {
    std::vector<StudyOutcome> found;
    for (const Intervention& one : interventions) {
      if (++runs > fails_after) throw Killed{};
      auto values = clean(prompt);
      for (const FeatureEdit& edit : one.edits) apply(edit, prompt, values);
      for (const PositionSwap& swap : one.swaps) apply(swap, values);
      StudyOutcome outcome{.logits = logits_of(values), .activations = {}};
      for (const auto& [spot, value] : values) {
        if (activations && value != 0) {
          outcome.activations.push_back({spot[0], spot[1], spot[2], static_cast<float>(value)});
        }
      }
      found.push_back(std::move(outcome));
    }
    return found;
  }

  double written_norm(const std::vector<StudyChange>& changes) override {
    double sum = 0;
    for (const StudyChange& one : changes) sum += one.amount * one.amount;
    return std::sqrt(sum);
  }

 private:
  using Spot = std::array<std::int64_t, 3>;  // layer, position, feature

  std::int64_t id_of(const std::string& word) {
    const auto [found, is_new] = ids_.emplace(word, static_cast<std::int64_t>(ids_.size()));
    return found->second;
  }

  std::map<Spot, double> clean(const PromptInput& prompt) {
    const auto ids = encode(prompt);
    std::map<Spot, double> values;
    const auto last = static_cast<std::int64_t>(ids.size()) - 1;
    for (std::int64_t p = 1; p <= last; ++p) {
      const std::int64_t word = ids[static_cast<std::size_t>(p)];
      values[{0, p, word}] = 1;
      values[{1, last, kWords + word}] = 1 + 0.1 * static_cast<double>(p);
    }
    return values;
  }

  void apply(const FeatureEdit& edit, const PromptInput& prompt, std::map<Spot, double>& values) {
    const auto n = static_cast<std::int64_t>(encode(prompt).size());
    const EditRange range = resolve(edit, n, positions_of_prompt(n), 1);
    for (std::int64_t p = range.begin; p < std::min(range.end, n); ++p) {
      double& value = values[{edit.layer, p, edit.feature}];
      if (edit.operation == FeatureEdit::Operation::kSet) value = edit.value;
      if (edit.operation == FeatureEdit::Operation::kScale) value *= edit.value;
      if (edit.operation == FeatureEdit::Operation::kAdd) value += edit.value;
    }
  }

  void apply(const PositionSwap& swap, std::map<Spot, double>& values) {
    if (swap.kind == SwapKind::kEmbedding) return;
    const auto other = clean(swap.from);
    for (const auto& [here, there] : swap.map) {
      const std::int64_t at = here;
      std::erase_if(values, [&](const auto& one) { return one.first[1] == at; });
      for (const auto& [spot, value] : other) {
        if (spot[1] == there) values[{spot[0], here, spot[2]}] = value;
      }
    }
  }

  // Small values of their own keep logits of other words apart.
  std::vector<float> logits_of(const std::map<Spot, double>& values) const {
    std::vector<float> logits(64);
    for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = -0.001f * static_cast<float>(i);
    for (const auto& [spot, value] : values) {
      const auto answer = answers_.find(spot[2] - kWords);
      if (spot[0] != 1 || answer == answers_.end()) continue;
      logits[static_cast<std::size_t>(answer->second)] += static_cast<float>(5 * value);
    }
    return logits;
  }

  std::map<std::string, std::int64_t> ids_;
  std::map<std::int64_t, std::int64_t> answers_;  // word -> token
};

}  // namespace circuit::testing
