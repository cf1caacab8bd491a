#include "tracer/attribution/targets.h"

#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/throws.h"
#include "tests/support/tiny_setup.h"

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
