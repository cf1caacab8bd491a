#include "tracer/replacement/scaled_rows.h"

#include <stdexcept>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/throws.h"
#include "tracer/machine/threads.h"

namespace circuit::testing {
namespace {

// Rows lie apart, as one written layer of a cross-layer decoder does.
ScaledRows example(at::ScalarType rows, at::ScalarType sums) {
  at::manual_seed(3);
  return {.rows = at::randn({4, 3, 5}).to(rows).select(1, 2),
          .index = at::tensor({3, 0, 3, 1, 2}, at::kLong),
          .factors = at::tensor({0.5, -2.0, 1.5, 3.0, 0.25}).to(sums)};
}

at::Tensor scaled(const ScaledRows& given) {
  return given.rows.to(at::kDouble).index_select(0, given.index) *
         given.factors.to(at::kDouble).unsqueeze(1);
}

TEST(ScaledRows, SubtractsAtEachPositionTheRowsThatFireThere) {
  const ThreadScope threads(2);
  for (const auto& [rows, sums, tolerance] :
       {std::tuple(at::kDouble, at::kDouble, 1e-14), std::tuple(at::kFloat, at::kFloat, 1e-6),
        std::tuple(at::kBFloat16, at::kFloat, 1e-6)}) {
    const ScaledRows given = example(rows, sums);
    const at::Tensor start = at::randn({4, 5}).to(sums);
    const at::Tensor sum = start.clone();
    subtract_scaled_rows(sum, given, std::vector<std::int32_t>{1, 1, 1, 3, 3});
    at::Tensor expected = start.to(at::kDouble);
    const at::Tensor all = scaled(given);
    expected[1] -= all[0] + all[1] + all[2];
    expected[3] -= all[3] + all[4];
    EXPECT_LT((sum.to(at::kDouble) - expected).abs().max().item<double>(), tolerance);
    EXPECT_TRUE(at::equal(sum[0], start[0]));
  }
}

TEST(ScaledRows, GathersARangeInTheTypeOfTheRows) {
  for (const auto& [rows, sums] :
       {std::pair(at::kDouble, at::kDouble), std::pair(at::kFloat, at::kFloat),
        std::pair(at::kBFloat16, at::kFloat)}) {
    const ScaledRows given = example(rows, sums);
    const at::Tensor out = at::full({3, 5}, 7.0, rows);
    gather_scaled_rows(out, given, 1, 3);
    EXPECT_TRUE(at::equal(out, scaled(given).narrow(0, 1, 3).to(rows)));
  }
}

TEST(ScaledRows, RefusesOtherTypes) {
  const ScaledRows given = example(at::kHalf, at::kFloat);
  EXPECT_EQ(message_of<std::invalid_argument>([&] {
              gather_scaled_rows(at::empty({1, 5}, at::kHalf), given, 0, 1);
            }),
            "[scaled_rows] expected float, double or bfloat16");
}

}  // namespace
}  // namespace circuit::testing
