#include "tracer/model/norm.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace circuit::testing {
namespace {

Norm random_norm(NormKind kind) {
  at::manual_seed(3);
  Norm norm{.kind = kind, .epsilon = 1e-5, .gain = at::randn({8}, at::kDouble), .bias = {}};
  if (kind == NormKind::kLayer) norm.bias = at::randn({8}, at::kDouble);
  return norm;
}

class EveryNorm : public ::testing::TestWithParam<NormKind> {};

TEST_P(EveryNorm, IsItsFrozenMapPlusBiasAtItsOwnInput) {
  const Norm norm = random_norm(GetParam());
  const at::Tensor x = at::randn({5, 8}, at::kDouble) * 3 + 1;
  const NormOutput out = norm_forward(norm, x);
  at::Tensor pushed = norm_push(norm, out.inverse_scale, x);
  if (norm.bias.defined()) pushed = pushed + norm.bias;
  EXPECT_LT((out.output - pushed).abs().max().item<double>(), 1e-12);
}

TEST_P(EveryNorm, PullsByTheTransposeOfPush) {
  const Norm norm = random_norm(GetParam());
  const at::Tensor x = at::randn({5, 8}, at::kDouble), g = at::randn({5, 8}, at::kDouble);
  const at::Tensor scale = at::rand({5, 1}, at::kDouble) + 0.5;
  EXPECT_NEAR((g * norm_push(norm, scale, x)).sum().item<double>(),
              (norm_pull(norm, scale, g) * x).sum().item<double>(), 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Kinds, EveryNorm, ::testing::Values(NormKind::kRms, NormKind::kLayer));

TEST(Norm, DividesByTheRootMeanSquare) {
  const Norm norm{
      .kind = NormKind::kRms, .epsilon = 0, .gain = at::ones({2}, at::kDouble), .bias = {}};
  const NormOutput out = norm_forward(norm, at::tensor({3.0, 4.0}).unsqueeze(0).to(at::kDouble));
  EXPECT_NEAR(out.output[0][0].item<double>(), 3.0 / std::sqrt(12.5), 1e-12);
}

}  // namespace
}  // namespace circuit::testing
