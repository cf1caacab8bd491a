#include "tracer/attribution/device_plan.h"

#include <stdexcept>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/throws.h"
#include "tests/support/tiny_setup.h"
#include "tracer/attribution/device_rows.h"
#include "tracer/machine/threads.h"

namespace circuit::testing {
namespace {

constexpr std::int64_t kMiB = std::int64_t{1} << 20;

DeviceNeeds needs() {
  return {.held = 1024 * kMiB,
          .fixed = 64 * kMiB,
          .bytes_per_row = kMiB / 16,
          .host_bytes_per_row = kMiB / 128,
          .all_sources = 2048 * kMiB,
          .largest_sources = 128 * kMiB,
          .largest_target = 100,
          .all_targets = 1'000'000};
}

TEST(DevicePlan, KeepsSourcesAndFillsABatchWhereThereIsRoom) {
  const DevicePlan plan = plan_device(needs(), 16384 * kMiB);
  EXPECT_TRUE(plan.resident_sources);
  EXPECT_EQ(plan.batch_rows, 32768);
  EXPECT_EQ(plan.predicted_peak_bytes, (1024 + 64 + 2048 + 2048) * kMiB);
  EXPECT_EQ(plan.host_bytes, (2 * 256 + 2 * 128) * kMiB);
}

TEST(DevicePlan, TakesSmallerBatchesBeforeItCopiesSourcesAgainForEach) {
  const DevicePlan smaller = plan_device(needs(), (1024 + 64 + 2048 + 1024) * kMiB);
  EXPECT_TRUE(smaller.resident_sources);
  EXPECT_EQ(smaller.batch_rows, 16384);
  const DevicePlan streamed = plan_device(needs(), (1024 + 64 + 2048) * kMiB);
  EXPECT_FALSE(streamed.resident_sources);
  EXPECT_EQ(streamed.batch_rows, (2048 - 256) * 16);
}

TEST(DevicePlan, NeverPredictsMoreThanTheBudget) {
  for (std::int64_t budget = 1360 * kMiB; budget < 6000 * kMiB; budget += 7 * kMiB) {
    const DevicePlan plan = plan_device(needs(), budget);
    EXPECT_LE(plan.predicted_peak_bytes, budget);
    EXPECT_GE(plan.batch_rows, 100);
  }
}

TEST(DevicePlan, RefusesAndSaysWhatTakesTheMemory) {
  EXPECT_EQ(message_of<std::runtime_error>([] { plan_device(needs(), 1024 * kMiB); }),
            "[trace] --device-memory is 1.00 GiB, expected at least 1.32 GiB: 1.00 GiB are held "
            "already, buffers take 64 MiB, the sources of two layers 256 MiB, one target 6 MiB");
}

TEST(DevicePlan, TakesNearlyAllThatIsFreeUnlessTold) {
  const DeviceMemory memory = {.available = 2000, .held = 70, .peak = 80};
  EXPECT_EQ(device_budget(0, memory), 70 + 1900);
  EXPECT_EQ(device_budget(123, memory), 123);
  EXPECT_EQ(device_budget(123, std::nullopt), 123);
  EXPECT_EQ(message_of<std::runtime_error>([] { device_budget(0, std::nullopt); }),
            "[trace] this LibTorch does not tell how much memory the device has, expected "
            "--device-memory SIZE");
}

TEST(DevicePlan, CountsTheSourcesOfEveryLayerAndTheRowsOfEveryTarget) {
  const ThreadScope threads(1);
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TinySetup setup(tiny, at::kFloat);
    const ReplacementRun run =
        run_replacement(setup.model, *setup.transcoders, std::vector<std::int32_t>{0, 7, 3, 19});
    Sources sources(run);
    const DeviceNeeds found = device_needs(run, sources, DeviceMemory{.held = 5, .peak = 6});
    DeviceSources matrices(run, sources, /*resident=*/true);
    std::int64_t all = 0, largest = 0;
    for (std::int64_t layer = run.n_layers() - 1; layer >= 0; --layer) {
      const at::Tensor matrix = matrices.layer(layer);
      all += matrix.numel() * 4;
      largest = std::max(largest, matrix.numel() * 4);
    }
    EXPECT_EQ(found.all_sources, all);
    EXPECT_EQ(found.largest_sources, largest);
    EXPECT_EQ(found.held, 5);
    EXPECT_EQ(found.peak, 6);
    EXPECT_EQ(found.largest_target, 3);
    std::int64_t rows = 0;
    for (const std::int32_t position : run.features.positions) rows += position;
    EXPECT_EQ(found.all_targets, rows);
    EXPECT_GT(found.bytes_per_row, 2 * found.host_bytes_per_row);
  }
}

}  // namespace
}  // namespace circuit::testing
