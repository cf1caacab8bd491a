#include "tracer/attribution/targets.h"

#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/throws.h"
#include "tests/support/tiny_setup.h"
#include "tracer/attribution/feature_targets.h"
#include "tracer/attribution/target_covectors.h"

namespace circuit::testing {
namespace {

class Targets : public ::testing::Test {
 protected:
  OutputTargets choose(const TargetOptions& options) const {
    return choose_targets(run_, options, nullptr);
  }
  std::string error(const TargetOptions& options) const {
    return message_of<std::invalid_argument>([&] { choose(options); });
  }

  TinySetup setup_{all_tiny_cases().front(), at::kDouble};
  ReplacementRun run_ =
      run_replacement(setup_.model, *setup_.transcoders, std::vector<std::int32_t>{0, 3, 8, 21});
  at::Tensor probabilities_ = run_.record.logits[0].softmax(0);
};

TEST_F(Targets, TakesTheMostProbableTokensUpToTheShareAsked) {
  const OutputTargets chosen = choose({.max_logits = 40, .logit_probability = 0.6, .named = {}});
  double covered = 0.0, previous = 1.0;
  for (std::size_t i = 0; i < chosen.targets.size(); ++i) {
    EXPECT_LT(covered, 0.6);  // the token before did not yet reach it
    const double p = chosen.targets[i].probability;
    EXPECT_NEAR(p, probabilities_[chosen.targets[i].token_id].item<double>(), 1e-12);
    EXPECT_LE(p, previous);
    previous = p;
    covered += p;
  }
  EXPECT_GE(covered, 0.6);
  EXPECT_EQ(choose({.max_logits = 3, .logit_probability = 1.0, .named = {}}).targets.size(), 3u);
  EXPECT_EQ(choose({.max_logits = 3, .logit_probability = 0.0, .named = {}}).targets.size(), 1u);
}

TEST_F(Targets, ExplainsTheLogitLessTheMeanLogit) {
  const OutputTargets chosen = choose({.named = {"#7"}});
  const at::Tensor logits = run_.record.logits[0];
  EXPECT_NEAR(chosen.rows.pre_activations[0], (logits[7] - logits.mean()).item<double>(), 1e-10);
  const at::Tensor expected = setup_.model.unembedding[7] - setup_.model.unembedding.mean(0);
  EXPECT_LT((chosen.rows.covectors[0] - expected).abs().max().item<double>(), 1e-12);
  EXPECT_EQ(chosen.targets[0].label, "#7");
  EXPECT_EQ(chosen.rows.reads[0].layer, 3);
  EXPECT_EQ(chosen.rows.reads[0].position, 3);
}

TEST_F(Targets, WeighsADifferenceByTheGapInProbability) {
  const std::vector<TargetTokens> tokens = {{.a = 7, .b = 9}};
  const at::Tensor direction = target_covectors(setup_.model, tokens)[0];
  EXPECT_TRUE(at::allclose(direction, setup_.model.unembedding[7] - setup_.model.unembedding[9]));
}

TEST_F(Targets, TakesTheMostProbableTokensAfterAnyPosition) {
  const ForwardRecord all = forward(setup_.model, run_.record.input_ids, LogitPositions::kAll);
  for (const std::int64_t position : {1, 2, -2}) {
    const OutputTargets chosen =
        choose({.max_logits = 3, .logit_probability = 1.0, .position = position});
    const std::int64_t row = position < 0 ? 4 + position : position;
    const at::Tensor logits = all.logits[row], probabilities = logits.softmax(0);
    ASSERT_EQ(chosen.targets.size(), 3u);
    EXPECT_EQ(chosen.targets[0].token_id, probabilities.argmax().item<std::int64_t>());
    for (std::size_t i = 0; i < 3; ++i) {
      const std::int64_t id = chosen.targets[i].token_id;
      EXPECT_NEAR(chosen.targets[i].probability, probabilities[id].item<double>(), 1e-12);
      EXPECT_NEAR(chosen.rows.pre_activations[i], (logits[id] - logits.mean()).item<double>(),
                  1e-10);
      EXPECT_EQ(chosen.targets[i].position, row);
      EXPECT_EQ(chosen.rows.reads[i].position, row);
    }
  }
}

TEST_F(Targets, TakesFeaturesAndVectorsInPlaceOfTokens) {
  const std::vector<float> vector(static_cast<std::size_t>(setup_.model.config.d_model), 0.5F);
  const OutputTargets chosen =
      choose({.position = 2,
              .features = {{.layer = 1, .feature = 3, .position = -1, .weight = 2}},
              .vectors = {{.label = "probe", .vector = vector}}});
  ASSERT_EQ(chosen.targets.size(), 2u);
  const Target &feature = chosen.targets[0], &direction = chosen.targets[1];
  EXPECT_EQ(feature.kind, TargetKind::kFeature);
  EXPECT_EQ(feature.label, "L1/3");
  EXPECT_EQ(feature.probability, 2);
  EXPECT_EQ(feature.position, 3);
  EXPECT_EQ(feature.token_id, -1);
  EXPECT_EQ(chosen.rows.reads[0].layer, 1);
  EXPECT_EQ(direction.kind, TargetKind::kVector);
  EXPECT_EQ(direction.label, "probe");
  EXPECT_EQ(direction.probability, 1);
  EXPECT_EQ(direction.position, 2);
  EXPECT_EQ(direction.vector, vector);
  EXPECT_EQ(chosen.rows.reads[1].layer, 3);
  EXPECT_FALSE(chosen.tokens[0] || chosen.tokens[1]);
}

TEST_F(Targets, TakesProbableTokensBesideFeaturesWhereAPositionIsGiven) {
  const std::vector<FeatureTarget> features = {{.layer = 1, .feature = 3, .position = 3}};
  EXPECT_EQ(choose({.max_logits = 2, .logit_probability = 1, .features = features}).targets.size(),
            1u);
  const OutputTargets both =
      choose({.max_logits = 2, .logit_probability = 1, .position = 2, .features = features});
  ASSERT_EQ(both.targets.size(), 3u);
  EXPECT_EQ(both.targets[0].kind, TargetKind::kToken);
  EXPECT_EQ(both.targets[0].position, 2);
  EXPECT_EQ(both.targets[2].kind, TargetKind::kFeature);
}

TEST_F(Targets, ExplainsTheSameOfAFeatureAsItsOwnRow) {
  const std::int64_t last = run_.features.size() - 1;
  const auto i = static_cast<std::size_t>(last);
  const OutputTargets chosen = choose({.features = {{.layer = run_.features.layers[i],
                                                     .feature = run_.features.features[i],
                                                     .position = run_.features.positions[i]}}});
  const RowTargets row = feature_targets(run_, std::vector<std::int64_t>{last});
  EXPECT_TRUE(at::equal(chosen.rows.covectors, row.covectors));
  EXPECT_EQ(chosen.rows.constants, row.constants);
  EXPECT_NEAR(chosen.rows.pre_activations[0], row.pre_activations[0], 1e-12);
}

TEST_F(Targets, RefusesPlacesThatAreNotThere) {
  const std::string places =
      ", expected 1 to 3 or -3 to -1: 4 tokens, of which the first 1 carry no features";
  EXPECT_EQ(error({.position = 4}), "[targets] --target-position is 4" + places);
  EXPECT_EQ(error({.position = 0}), "[targets] --target-position is 0" + places);
  EXPECT_EQ(error({.position = -4}), "[targets] --target-position is -4" + places);
  EXPECT_EQ(error({.features = {{.layer = 1, .feature = 2, .position = 0}}}),
            "[targets] --target-feature 1_2_0: position is 0" + places);
  EXPECT_EQ(error({.features = {{.layer = 3, .feature = 2, .position = 1}}}),
            "[targets] --target-feature 3_2_1: layer is 3, expected 0 to 2");
  EXPECT_EQ(error({.features = {{.layer = 0, .feature = 30, .position = 1}}}),
            "[targets] --target-feature 0_30_1: feature is 30, expected 0 to 29");
}

TEST_F(Targets, RefusesFeaturesAndVectorsThatSayNothing) {
  const FeatureTarget feature = {.layer = 1, .feature = 2, .position = 3};
  EXPECT_EQ(error({.features = {feature, {.layer = 1, .feature = 2, .position = -1}}}),
            "[targets] --target-feature 1_2_3 is given twice");
  EXPECT_EQ(error({.features = {{.layer = 1, .feature = 2, .position = 3, .weight = 0}}}),
            "[targets] --target-feature 1_2_3 has weight 0.000000, expected a number above 0");
  const auto d_model = static_cast<std::size_t>(setup_.model.config.d_model);
  const VectorTarget vector = {.label = "v", .vector = std::vector<float>(d_model, 1.0F)};
  EXPECT_EQ(error({.vectors = {vector, vector}}), "[targets] --target-vector v is given twice");
  EXPECT_EQ(
      error({.vectors = {{.label = "v", .vector = {1, 2}}}}),
      "[targets] --target-vector v has 2 values, the model has d_model " + std::to_string(d_model));
  EXPECT_EQ(error({.vectors = {{.label = "v", .vector = std::vector<float>(d_model)}}}),
            "[targets] --target-vector v is 0 or not finite, expected a direction");
}

TEST_F(Targets, AreDifferencesOfIdsWithoutATokenizerToo) {
  const OutputTargets chosen = choose({.named = {"#7-#9"}});
  const at::Tensor logits = run_.record.logits[0];
  EXPECT_NEAR(chosen.rows.pre_activations[0], (logits[7] - logits[9]).item<double>(), 1e-10);
  EXPECT_EQ(chosen.targets[0].label, "logit(#7)-logit(#9)");
  EXPECT_EQ(error({.named = {"#7-#7"}}), "[targets] \"#7-#7\" subtracts a token from itself");
}

TEST_F(Targets, RefusesOptionsThatNameNothing) {
  EXPECT_EQ(error({.max_logits = 0}), "[targets] --max-logits is 0, expected at least 1");
  EXPECT_EQ(error({.logit_probability = std::nan("")}),
            "[targets] --logit-prob is nan, expected a number in [0, 1]");
  EXPECT_EQ(error({.named = {"Austin"}}),
            "[targets] \"Austin\": the model has no tokenizer, expected #ID");
  EXPECT_EQ(error({.named = {"#50"}}), "[targets] \"#50\": id 50, expected 0 to 49");
  EXPECT_EQ(error({.named = {"#4", "#4"}}), "[targets] \"#4\" is given twice");
}

}  // namespace
}  // namespace circuit::testing
