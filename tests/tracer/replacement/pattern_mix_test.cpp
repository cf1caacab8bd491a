#include "tracer/replacement/pattern_mix.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit::testing {
namespace {

// The sum of the header, in double, one element at a time.
at::Tensor slow_mix(const at::Tensor& pattern, const at::Tensor& outputs, const MixShape& s,
                    std::int64_t position) {
  at::Tensor mixed = at::zeros({position + 1, s.n_kv_heads, s.d_head}, at::kDouble);
  const std::int64_t group = s.n_heads / s.n_kv_heads;
  const at::Tensor p = pattern.to(at::kDouble), o = outputs.to(at::kDouble);
  for (std::int64_t key = 0; key <= position; ++key) {
    for (std::int64_t h = 0; h < s.n_heads; ++h) {
      for (std::int64_t q = std::max(key, s.zero_positions); q <= position; ++q) {
        mixed[key][h / group] += p[h][q][key] * o[q][h];
      }
    }
  }
  return mixed;
}

double mix_error(at::ScalarType type, const MixShape& s, std::int64_t position) {
  at::manual_seed(1);
  const at::Tensor pattern =
      at::rand({s.n_heads, s.n_positions, s.n_positions}, at::kFloat).to(type).contiguous();
  const at::Tensor outputs =
      at::randn({s.n_positions, s.n_heads, s.d_head}, at::kFloat).to(type).contiguous();
  at::Tensor mixed = at::full({position + 1, s.n_kv_heads, s.d_head}, 99.0, type);
  std::vector<const void*> from;
  std::vector<void*> to;
  for (std::int64_t q = 0; q <= position; ++q) {
    from.push_back(q < s.zero_positions ? nullptr : outputs[q].data_ptr());
    to.push_back(mixed[q].data_ptr());
  }
  mix_pattern(type, pattern.data_ptr(), s, position, from, to);
  const at::Tensor expected = slow_mix(pattern, outputs, s, position);
  return ((mixed.to(at::kDouble) - expected).abs().max() / expected.abs().max()).item<double>();
}

TEST(PatternMix, EqualsTheSumOverQueriesAndHeadsOfAGroup) {
  for (const MixShape& shape : {MixShape{6, 1, 4, 2, 8}, MixShape{6, 3, 3, 1, 32},
                                MixShape{6, 1, 2, 2, 33}, MixShape{6, 2, 9, 3, 64}}) {
    for (const std::int64_t position : {3, 5}) {
      EXPECT_LT(mix_error(at::kDouble, shape, position), 1e-14);
      EXPECT_LT(mix_error(at::kFloat, shape, position), 1e-6);
      EXPECT_LT(mix_error(at::kBFloat16, shape, position), 1e-2);
    }
  }
}

TEST(PatternMix, RefusesOtherTypes) {
  EXPECT_EQ(
      message_of<std::invalid_argument>([] { mix_pattern(at::kInt, nullptr, {}, 0, {}, {}); }),
      "[mix_pattern] expected float, double or bfloat16");
}

}  // namespace
}  // namespace circuit::testing
