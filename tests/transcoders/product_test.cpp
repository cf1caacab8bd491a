#include "transcoders/product.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace circuit {
namespace {

TEST(Product, KeepsSumsOfNarrowWeightsWide) {
  EXPECT_EQ(sum_type(at::kBFloat16), at::kFloat);
  EXPECT_EQ(sum_type(at::kFloat), at::kFloat);
  EXPECT_EQ(sum_type(at::kDouble), at::kDouble);
}

TEST(Product, IsTheMatrixProductInEveryForm) {
  at::manual_seed(2);
  for (const at::ScalarType type : {at::kDouble, at::kFloat, at::kBFloat16}) {
    const at::Tensor a = at::randn({5, 7}).to(sum_type(type));
    const at::Tensor b = at::randn({7, 3}).to(type);
    const at::Tensor exact = at::mm(a.to(at::kDouble), b.to(at::kDouble));
    const double tolerance = type == at::kBFloat16 ? 0.05 : 1e-5;
    const auto error = [&](const at::Tensor& found) {
      EXPECT_EQ(found.scalar_type(), sum_type(type));
      return (found.to(at::kDouble) - exact).abs().max().item<double>();
    };
    EXPECT_LT(error(product(a, b)), tolerance);
    at::Tensor out = at::full({5, 3}, 9.0, sum_type(type));
    product_into(out, a, b);
    EXPECT_LT(error(out), tolerance);
    add_product(out, a, b);
    EXPECT_LT(error(out / 2), tolerance);
  }
}

// What bf16 cannot hold survives as long as it is only added.
TEST(Product, AddsToWideSumsWithoutRoundingThem) {
  at::Tensor sum = at::full({1, 1}, 1.0f + 1.0f / 4096);
  add_product(sum, at::ones({1, 1}), at::ones({1, 1}, at::kBFloat16));
  EXPECT_EQ(sum.item<float>(), 2.0f + 1.0f / 4096);
}

}  // namespace
}  // namespace circuit
