#include "tracer/model/rope.h"

#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace circuit::testing {
namespace {

TEST(Rope, RotatesEachPairByPositionTimesFrequency) {
  ModelConfig config;
  config.d_head = 4;
  config.rope_theta = 100.0;
  const RotaryTable table = rotary_table(config, AttentionSpan::kFull, 8, at::kDouble);
  const at::Tensor x = at::tensor({1.0, 2.0, 3.0, 4.0}).to(at::kDouble).expand({1, 8, 4});
  const at::Tensor y = apply_rotary(table, x);
  for (const int p : {0, 1, 7}) {
    for (const int i : {0, 1}) {
      const double angle = p * std::pow(100.0, -i / 2.0);
      const double a = 1.0 + i, b = 3.0 + i;
      EXPECT_NEAR(y[0][p][i].item<double>(), a * std::cos(angle) - b * std::sin(angle), 1e-6);
      EXPECT_NEAR(y[0][p][i + 2].item<double>(), b * std::cos(angle) + a * std::sin(angle), 1e-6);
    }
  }
}

TEST(Rope, DividesEveryFrequencyWhenScaledLinearly) {
  ModelConfig config;
  config.d_head = 4;
  const RotaryTable plain = rotary_table(config, AttentionSpan::kFull, 5, at::kDouble);
  config.rope_scaling = {.kind = RopeScaling::Kind::kLinear, .factor = 2.0};
  const RotaryTable scaled = rotary_table(config, AttentionSpan::kFull, 9, at::kDouble);
  EXPECT_LT((plain.cosines[4] - scaled.cosines[8]).abs().max().item<double>(), 1e-12);
}

TEST(Rope, KeepsShortWavelengthsAndStretchesLongOnesForLlama3) {
  ModelConfig config;
  config.d_head = 64;
  config.rope_theta = 500000.0;
  const RotaryTable plain = rotary_table(config, AttentionSpan::kFull, 2, at::kDouble);
  config.rope_scaling = {.kind = RopeScaling::Kind::kLlama3,
                         .factor = 8.0,
                         .low_frequency_factor = 1.0,
                         .high_frequency_factor = 4.0,
                         .original_max_positions = 8192};
  const RotaryTable scaled = rotary_table(config, AttentionSpan::kFull, 2, at::kDouble);
  EXPECT_NEAR(plain.sines[1][0].item<double>(), scaled.sines[1][0].item<double>(), 1e-12);
  EXPECT_NEAR(plain.sines[1][31].item<double>() / 8.0, scaled.sines[1][31].item<double>(), 1e-12);
}

TEST(Rope, HasFrequenciesOfItsOwnForSlidingLayers) {
  ModelConfig config;
  config.d_head = 8;
  config.rope_theta = 10000.0;
  const RotaryTable plain = rotary_table(config, AttentionSpan::kFull, 6, at::kDouble);
  EXPECT_TRUE(
      rotary_table(config, AttentionSpan::kSliding, 6, at::kDouble).sines.equal(plain.sines));
  config.rope_theta = 1e6;
  config.rope_scaling = {.kind = RopeScaling::Kind::kLinear, .factor = 8.0};
  config.sliding_rope_theta = 10000.0;
  EXPECT_TRUE(
      rotary_table(config, AttentionSpan::kSliding, 6, at::kDouble).sines.equal(plain.sines));
  EXPECT_FALSE(rotary_table(config, AttentionSpan::kFull, 6, at::kDouble).sines.equal(plain.sines));
}

}  // namespace
}  // namespace circuit::testing
