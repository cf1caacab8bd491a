#include "tracer/replacement/read_site.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace circuit::testing {
namespace {

Norm layer_norm() {
  at::manual_seed(2);
  return {.kind = NormKind::kLayer,
          .epsilon = 1e-5,
          .gain = at::randn({6}, at::kDouble),
          .bias = at::randn({6}, at::kDouble)};
}

class EverySite : public ::testing::TestWithParam<ReadSite> {};

TEST_P(EverySite, PullsByTheTransposeOfPush) {
  const Norm norm = layer_norm();
  const at::Tensor x = at::randn({4, 6}, at::kDouble), g = at::randn({4, 6}, at::kDouble);
  const at::Tensor scale = at::rand({4, 1}, at::kDouble) + 0.5;
  EXPECT_NEAR((g * read_push(GetParam(), norm, scale, x)).sum().item<double>(),
              (read_pull(GetParam(), norm, scale, g) * x).sum().item<double>(), 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Sites, EverySite,
                         ::testing::Values(ReadSite::kResidualMid, ReadSite::kNormalized,
                                           ReadSite::kMlpIn));

TEST(ReadSite, ReadsTheNormsStagesInOrder) {
  const Norm norm = layer_norm();
  const at::Tensor x = at::randn({4, 6}, at::kDouble);
  const NormOutput out = norm_forward(norm, x);
  const auto read = [&](ReadSite site) { return read_input(site, norm, out.inverse_scale, x); };
  EXPECT_TRUE(at::equal(read(ReadSite::kResidualMid), x));
  EXPECT_LT((read(ReadSite::kNormalized) - out.normalized).abs().max().item<double>(), 1e-12);
  EXPECT_LT((read(ReadSite::kMlpIn) - out.output).abs().max().item<double>(), 1e-12);
}

}  // namespace
}  // namespace circuit::testing
