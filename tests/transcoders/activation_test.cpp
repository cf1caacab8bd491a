#include "transcoders/activation.h"

#include <limits>
#include <stdexcept>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::message_of;

at::Tensor row(const std::vector<double>& values) {
  return at::tensor(values, at::TensorOptions().dtype(at::kDouble)).unsqueeze(0);
}

Activation top(std::int64_t k) { return {.kind = ActivationKind::kTopK, .k = k, .threshold = {}}; }

Activation jump(const at::Tensor& threshold) {
  return {.kind = ActivationKind::kJumpRelu, .k = 0, .threshold = threshold};
}

TEST(Activation, ReluKeepsPositiveValues) {
  const at::Tensor result = apply_activation({}, row({-1.0, 0.0, 2.0}));
  EXPECT_TRUE(at::equal(result, row({0.0, 0.0, 2.0})));
}

TEST(Activation, JumpReluKeepsOnlyValuesAboveTheThresholdNotAtIt) {
  const at::Tensor values = row({0.5, 0.5, 0.5, -0.5});
  const at::Tensor threshold = row({0.25, 0.5, 0.75, -1.0}).squeeze(0);
  EXPECT_TRUE(at::equal(apply_activation(jump(threshold), values), row({0.5, 0.0, 0.0, -0.5})));
}

TEST(Activation, JumpReluTakesOneThresholdForAllFeatures) {
  const at::Tensor threshold = at::full({}, 1.0, at::TensorOptions().dtype(at::kDouble));
  EXPECT_TRUE(
      at::equal(apply_activation(jump(threshold), row({1.0, 1.5, 0.0})), row({0.0, 1.5, 0.0})));
}

TEST(Activation, TopKKeepsTheLargestValuesOfEachRow) {
  const at::Tensor values = at::cat({row({1.0, 3.0, 2.0}), row({9.0, 7.0, 8.0})});
  const at::Tensor expected = at::cat({row({0.0, 3.0, 2.0}), row({9.0, 0.0, 8.0})});
  EXPECT_TRUE(at::equal(apply_activation(top(2), values), expected));
}

TEST(Activation, TopKKeepsNegativeValuesAndNotLargeMagnitudes) {
  EXPECT_TRUE(at::equal(apply_activation(top(2), row({-5.0, -1.0, 2.0, -3.0})),
                        row({0.0, -1.0, 2.0, 0.0})));
}

TEST(Activation, TopKGivesTiesToTheLowerIndex) {
  EXPECT_TRUE(at::equal(apply_activation(top(3), row({1.0, 4.0, 1.0, 1.0, 4.0})),
                        row({1.0, 4.0, 0.0, 0.0, 4.0})));
  EXPECT_TRUE(
      at::equal(apply_activation(top(2), at::ones({1, 100})).narrow(1, 0, 2), at::ones({1, 2})));
}

TEST(Activation, TopKOfEqualValuesKeepsExactlyKInEveryRow) {
  const at::Tensor values = at::ones({7, 1000});
  EXPECT_EQ(apply_activation(top(32), values).count_nonzero().item<std::int64_t>(), 7 * 32);
}

TEST(Activation, TopKOfAllFeaturesKeepsEverything) {
  const at::Tensor values = row({-1.0, 0.0, 2.0});
  EXPECT_TRUE(at::equal(apply_activation(top(3), values), values));
}

TEST(Activation, TopKMayCutNegativeValues) {
  const Activation positive{
      .kind = ActivationKind::kTopK, .k = 2, .topk_relu = true, .threshold = {}};
  EXPECT_TRUE(at::equal(apply_activation(positive, row({-5.0, -1.0, 2.0, -3.0})),
                        row({0.0, 0.0, 2.0, 0.0})));
}

Activation groups(std::int64_t k) {
  return {.kind = ActivationKind::kGroupMax, .k = k, .threshold = {}};
}

TEST(Activation, GroupMaxKeepsTheLargestPositiveValueOfEachGroup) {
  EXPECT_TRUE(at::equal(apply_activation(groups(3), row({1.0, 3.0, 2.0, -4.0, -1.0, -2.0})),
                        row({0.0, 3.0, 2.0, 0.0, 0.0, 0.0})));
  EXPECT_TRUE(at::equal(apply_activation(groups(1), row({2.0, 5.0, 5.0})), row({0.0, 5.0, 0.0})));
}

TEST(Activation, GroupMaxNeedsGroupsOfOneSize) {
  EXPECT_EQ(message_of<std::invalid_argument>([] {
              apply_activation(groups(2), row({1.0, 2.0, 3.0}));
            }),
            "[apply_activation] k is 2, expected a divisor of 3");
}

TEST(Activation, JumpReluWithAnInfiniteThresholdIsOff) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const at::Tensor threshold = row({kInfinity, 0.0}).squeeze(0);
  EXPECT_TRUE(at::equal(apply_activation(jump(threshold), row({1e30, 1.0})), row({0.0, 1.0})));
}

TEST(Activation, KeepsTheTypeAndTakesNoPositions) {
  for (const at::ScalarType type : {at::kDouble, at::kFloat, at::kBFloat16}) {
    const auto options = at::TensorOptions().dtype(type);
    for (const Activation& activation : {Activation{}, top(2), jump(at::zeros({3}, options))}) {
      EXPECT_EQ(apply_activation(activation, at::ones({2, 3}, options)).scalar_type(), type);
      EXPECT_EQ(apply_activation(activation, at::ones({0, 3}, options)).size(0), 0);
    }
  }
}

TEST(Activation, RefusesAKThatDoesNotFit) {
  const auto refusal = [](std::int64_t k) {
    return message_of<std::invalid_argument>([&] { apply_activation(top(k), row({1.0, 2.0})); });
  };
  EXPECT_EQ(refusal(0), "[apply_activation] k is 0, expected 1 to 2");
  EXPECT_EQ(refusal(3), "[apply_activation] k is 3, expected 1 to 2");
}

}  // namespace
}  // namespace circuit
