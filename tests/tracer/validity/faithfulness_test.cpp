#include "tracer/validity/faithfulness.h"

#include <cmath>
#include <stdexcept>

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/influence.h"
#include "tests/support/throws.h"
#include "tests/tracer/validity/pair_setup.h"
#include "tracer/replacement/replacement_forward.h"
#include "tracer/validity/feature_orders.h"

namespace circuit::testing {
namespace {

PromptPair pair_of(const PairSetup& pair) {
  return {.prompt = pair.prompt,
          .counterfactual = pair.other,
          .answer = kAnswer,
          .counterfactual_answer = kOtherAnswer};
}

double preference(const ReplacementRun& run) {
  return (run.record.logits[0][kAnswer] - run.record.logits[0][kOtherAnswer]).item<double>();
}

std::vector<TinyCase> some_cases() {
  std::vector<TinyCase> some;
  for (const TinyCase& tiny : all_tiny_cases()) {
    if (tiny.name.find("variant") == std::string::npos) some.push_back(tiny);
  }
  return some;
}

TEST(Faithfulness, HoldsItsIdentities) {
  for (const TinyCase& tiny : some_cases()) {
    SCOPED_TRACE(tiny.name);
    const PairSetup pair(tiny);
    MeanValues means;
    means.add(pair.prompt);
    means.add(pair.other);
    const PairMeasures result =
        measure_faithfulness(pair_of(pair), *pair.graph, &means, {.random_orders = 2});
    ASSERT_EQ(result.measures.size(), 6u);
    EXPECT_EQ(result.n_features, pair.graph->n_features());
    for (const CircuitMeasures& measures : result.measures) {
      EXPECT_NEAR(measures.model, preference(pair.prompt), 1e-9);
      ASSERT_EQ(measures.curves.size(), 4u);
      for (const CircuitCurve& curve : measures.curves) {
        // Every order ends with all features, and leaves the same rest.
        EXPECT_NEAR(curve.circuit.back(), measures.curves[0].circuit.back(), 1e-9);
        EXPECT_NEAR(curve.rest.back(), measures.curves[0].rest.back(), 1e-9);
      }
      if (measures.outside == OutsideValues::kCounterfactual && measures.live) {
        EXPECT_NEAR(measures.nothing, preference(pair.other), 1e-9);
      }
    }
  }
}

TEST(Faithfulness, OfAPromptAgainstItselfIsTheModelEverywhere) {
  const PairSetup pair(all_tiny_cases().front());
  const PairMeasures result = measure_faithfulness({.prompt = pair.prompt,
                                                    .counterfactual = pair.prompt,
                                                    .answer = kAnswer,
                                                    .counterfactual_answer = kOtherAnswer},
                                                   *pair.graph, nullptr, {});
  ASSERT_EQ(result.measures.size(), 4u);
  for (const CircuitMeasures& measures : result.measures) {
    for (const double m : {measures.nothing, measures.tokens, measures.pruned,
                           measures.curves[1].circuit[4], measures.curves[2].rest[6]}) {
      EXPECT_NEAR(m, measures.model, 1e-9);
    }
  }
}

// The circuit of the 20 % most influential features and what it leaves, put together by hand.
TEST(Faithfulness, KeepsTheMostInfluentialFeaturesWithTheTokens) {
  const PairSetup pair(all_tiny_cases().front());
  const AttributionGraph& graph = *pair.graph;
  const PairMeasures result = measure_faithfulness(pair_of(pair), graph, nullptr, {});
  const ListedFeatures listed = list_features(pair.prompt, pair.other);
  const std::vector<double> influence = compute_influence(graph);
  const std::size_t n = kPrompt.size(), n_layers = graph.n_layers();
  Circuit circuit = {.features = std::vector<std::uint8_t>(static_cast<std::size_t>(listed.size())),
                     .errors = std::vector<std::uint8_t>(n_layers * n),
                     .tokens = std::vector<std::uint8_t>(n, 1)};
  Circuit rest = {.features = std::vector<std::uint8_t>(circuit.features.size(), 1),
                  .errors = std::vector<std::uint8_t>(n_layers * n, 1),
                  .tokens = circuit.tokens,
                  .unlisted = true};
  const std::size_t size = circuit_size(0.2, graph.n_features());
  std::size_t kept = 0;
  for (std::size_t i = 0; i < graph.n_features(); ++i) {
    std::size_t above = 0;
    for (std::size_t j = 0; j < graph.n_features(); ++j) above += influence[j] > influence[i];
    if (above >= size) continue;
    const Node node = graph.node(i);
    const auto place =
        static_cast<std::size_t>(listed.find(node.layer, node.position, node.feature));
    circuit.features[place] = 1;
    rest.features[place] = 0;
    ++kept;
  }
  ASSERT_EQ(kept, size);
  const ReplacementForward forward(pair.prompt, listed, values_of(pair.other, listed));
  const at::Tensor logits =
      at::mm(forward.final_reads(std::vector{circuit, rest}, Background::kFrozen),
             pair.setup.model.unembedding.t());
  const CircuitMeasures& measures = result.measures[0];
  EXPECT_EQ(measures.curves[0].order, FeatureOrder::kInfluence);
  const std::size_t at = 7;
  ASSERT_EQ(kCircuitShares[at], 0.2);
  EXPECT_NEAR(measures.curves[0].circuit[at],
              (logits[0][kAnswer] - logits[0][kOtherAnswer]).item<double>(), 1e-9);
  EXPECT_NEAR(measures.curves[0].rest[at],
              (logits[1][kAnswer] - logits[1][kOtherAnswer]).item<double>(), 1e-9);
  EXPECT_GT(std::abs(measures.curves[0].rest[at] - measures.model), 1e-3);
}

// With a row of their own errors stay those of the prompt: the rest of nothing is the model.
TEST(Faithfulness, WithCleanErrorsMovesByFeaturesAndTokensAlone) {
  const PairSetup pair(all_tiny_cases().front());
  const PairMeasures result = measure_faithfulness(pair_of(pair), *pair.graph, nullptr, {});
  const CircuitMeasures& errors_follow = result.measures[0];
  const CircuitMeasures& errors_stay = result.measures[2];
  ASSERT_EQ(errors_stay.outside, OutsideValues::kCounterfactualCleanErrors);
  EXPECT_GT(std::abs(errors_follow.nothing - errors_stay.nothing), 1e-6);
  // What is left without a circuit holds the prompt's errors in both rows.
  EXPECT_NEAR(errors_follow.curves[0].rest[5], errors_stay.curves[0].rest[5], 1e-9);
}

TEST(Faithfulness, RefusesPairsThatCannotBeCompared) {
  const PairSetup pair(all_tiny_cases().front());
  const auto message = [&](const PromptPair& wrong) {
    return message_of<std::invalid_argument>(
        [&] { measure_faithfulness(wrong, *pair.graph, nullptr, {}); });
  };
  const ReplacementRun longer = run_replacement(pair.setup.model, *pair.setup.transcoders,
                                                std::vector<std::int32_t>{0, 3, 8, 21, 5, 6});
  EXPECT_EQ(message({pair.prompt, longer, 1, 2}),
            "[faithfulness] the prompt has 5 tokens, the counterfactual 6; expected as many");
  const ReplacementRun zeroed =
      run_replacement(pair.setup.model, *pair.setup.transcoders, kOther, 2);
  EXPECT_EQ(message({pair.prompt, zeroed, 1, 2}),
            "[faithfulness] the prompt has 1 positions without features, the counterfactual 2; "
            "expected as many");
  EXPECT_EQ(message({pair.prompt, pair.other, 3, 3}),
            "[faithfulness] both answers are token 3, expected two tokens");
  EXPECT_EQ(message({pair.prompt, pair.other, 3, 50}),
            "[faithfulness] the answer is token 50, expected 0 to 49");
}

}  // namespace
}  // namespace circuit::testing
