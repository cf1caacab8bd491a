#include "tracer/replacement/pattern_mix.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit::testing {
namespace {

// The sum of the header over all keys, in double, one element at a time.
at::Tensor slow_mix(const at::Tensor& pattern, const at::Tensor& scale, const at::Tensor& outputs,
                    const MixShape& s, std::int64_t position) {
  at::Tensor mixed = at::zeros({position + 1, s.n_kv_heads, s.d_head}, at::kDouble);
  const std::int64_t group = s.n_heads / s.n_kv_heads;
  for (std::int64_t key = 0; key <= position; ++key) {
    const double factor = key < s.zero_positions ? 1.0 : scale[key].item<double>();
    for (std::int64_t h = 0; h < s.n_heads; ++h) {
      const std::int64_t first = std::max(key, s.zero_positions);
      const at::Tensor weights = pattern[h].narrow(0, first, position + 1 - first).select(1, key);
      const at::Tensor rows =
          outputs.select(1, h).narrow(0, first - s.zero_positions, position + 1 - first);
      mixed[key][h / group] += factor * at::mv(rows.t(), weights);
    }
  }
  return mixed;
}

double mix_error(at::ScalarType type, const MixShape& s, std::int64_t position) {
  at::manual_seed(1);
  const std::int64_t rows = position + 1 - s.zero_positions;
  const at::Tensor pattern =
      at::rand({s.n_heads, s.n_positions, s.n_positions}, at::kDouble).tril();
  const at::Tensor scale = at::rand({s.n_positions}, at::kDouble);
  const at::Tensor outputs = at::randn({rows, s.n_heads, s.d_head}, at::kDouble);
  const at::Tensor mixed = at::full({rows, s.n_kv_heads * s.d_head}, 99.0, type);
  const at::Tensor zeroed = at::full({s.zero_positions, s.n_kv_heads * s.d_head}, 99.0, type);
  mix_pattern(s, position, pattern.to(type), scale.to(type), outputs.to(type).view({rows, -1}),
              mixed, zeroed);
  const at::Tensor expected = slow_mix(pattern, scale, outputs, s, position);
  const at::Tensor found = at::cat({zeroed, mixed}).to(at::kDouble).view(expected.sizes());
  return ((found - expected).abs().max() / expected.abs().max()).item<double>();
}

// 47 and 48 positions are the last for the kernel and the first for products; 200 is more than one
// block of keys.
TEST(PatternMix, EqualsTheSumOverQueriesAndHeadsOfAGroup) {
  for (const MixShape& shape : {MixShape{201, 1, 4, 2, 8}, MixShape{201, 3, 3, 1, 32},
                                MixShape{201, 1, 2, 2, 33}, MixShape{201, 2, 9, 3, 64}}) {
    for (const std::int64_t position : {3, 5, 47, 48, 200}) {
      EXPECT_LT(mix_error(at::kDouble, shape, position), 1e-13) << position;
      EXPECT_LT(mix_error(at::kFloat, shape, position), 2e-6) << position;
    }
  }
}

TEST(PatternMix, RefusesOtherTypes) {
  const at::Tensor bf16 = at::zeros({1, 1}, at::kBFloat16);
  EXPECT_EQ(
      message_of<std::invalid_argument>([&] { mix_pattern({}, 0, bf16, bf16, bf16, bf16, bf16); }),
      "[mix_pattern] expected float or double");
}

}  // namespace
}  // namespace circuit::testing
