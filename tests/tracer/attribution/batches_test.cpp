#include "tracer/attribution/batches.h"

#include <algorithm>
#include <numeric>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/tiny_setup.h"

namespace circuit::testing {
namespace {

class Batches : public ::testing::Test {
 protected:
  Batches()
      : setup_(all_tiny_cases().front(), at::kFloat),
        run_(run_replacement(setup_.model, *setup_.transcoders,
                             std::vector<std::int32_t>{0, 7, 3, 19, 7, 30})),
        chosen_(static_cast<std::size_t>(run_.features.size())) {
    std::iota(chosen_.begin(), chosen_.end(), 0);
  }

  void expect_every_feature_once(const std::vector<std::vector<std::int64_t>>& batches) const {
    std::vector<std::int64_t> all;
    for (const auto& batch : batches) {
      EXPECT_TRUE(std::ranges::is_sorted(batch));
      all.insert(all.end(), batch.begin(), batch.end());
    }
    std::ranges::sort(all);
    EXPECT_EQ(all, chosen_);
  }
  std::int64_t position(std::int64_t feature) const {
    return run_.features.positions[static_cast<std::size_t>(feature)];
  }

  TinySetup setup_;
  ReplacementRun run_;
  std::vector<std::int64_t> chosen_;
};

TEST_F(Batches, OfTheCpuFollowTheOrderAndHoldAtLeastOne) {
  const std::int64_t one = RowComputer::bytes_per_target(run_, 5);
  EXPECT_EQ(feature_batches(run_, chosen_, {.batch_bytes = 1}).size(), chosen_.size());
  const auto batches = feature_batches(run_, chosen_, {.batch_bytes = 3 * one});
  expect_every_feature_once(batches);
  for (std::size_t i = 1; i < batches.size(); ++i) {
    EXPECT_LT(batches[i - 1].back(), batches[i].front());
  }
  for (const auto& batch : batches) EXPECT_GE(batch.size(), batch == batches.back() ? 1u : 3u);
  EXPECT_EQ(output_batch(run_, {.batch_bytes = 1}), std::numeric_limits<std::size_t>::max());
}

TEST_F(Batches, OfADeviceHoldLikePositionsAndNoMoreRowsThanPlanned) {
  for (const std::int64_t rows : {1, 5, 12, 1000}) {
    const MemoryPlan plan = {.device = DevicePlan{.batch_rows = rows}};
    const auto batches = feature_batches(run_, chosen_, plan);
    expect_every_feature_once(batches);
    std::int64_t before = 5;
    for (const auto& batch : batches) {
      std::vector<std::int64_t> positions;
      for (const std::int64_t feature : batch) positions.push_back(position(feature));
      const auto [first, last] = std::ranges::minmax(positions);
      EXPECT_LE(last, before);
      before = first;
      EXPECT_LE(last * static_cast<std::int64_t>(batch.size()), std::max(rows, last));
    }
  }
  EXPECT_EQ(output_batch(run_, {.device = DevicePlan{.batch_rows = 12}}), 2u);
  EXPECT_EQ(output_batch(run_, {.device = DevicePlan{.batch_rows = 1}}), 1u);
}

TEST_F(Batches, TakeSomeOfTheTargets) {
  const RowTargets all = {.reads = {{3, 5}, {2, 4}, {1, 3}},
                          .covectors = at::arange(6).view({3, 2}),
                          .constants = {1.0, 2.0, 3.0},
                          .pre_activations = {4.0, 5.0, 6.0}};
  const RowTargets some = some_targets(all, 1, 2);
  ASSERT_EQ(some.reads.size(), 2u);
  EXPECT_EQ(some.reads[0].position, 4);
  EXPECT_EQ(some.constants, (std::vector{2.0, 3.0}));
  EXPECT_EQ(some.pre_activations, (std::vector{5.0, 6.0}));
  EXPECT_TRUE(at::equal(some.covectors, at::arange(2, 6).view({2, 2})));
}

}  // namespace
}  // namespace circuit::testing
