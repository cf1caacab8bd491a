#include "tracer/attribution/memory_plan.h"

#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/support/throws.h"
#include "tests/support/tiny_setup.h"
#include "tracer/machine/threads.h"

namespace circuit::testing {
namespace {

constexpr std::int64_t kGiB = std::int64_t{1} << 30;

MemoryNeeds needs() {
  return {.held = kGiB,
          .scratch = kGiB / 8,
          .largest_target = kGiB / 64,
          .all_targets = 2 * kGiB,
          .rows = 3 * kGiB,
          .edges = kGiB / 16};
}

TEST(MemoryPlan, KeepsAllRowsWhereThereIsRoom) {
  const MemoryPlan plan = plan_memory(needs(), 8 * kGiB);
  EXPECT_EQ(plan.batch_bytes, kGiB / 4);
  EXPECT_EQ(plan.resident_row_bytes, 3 * kGiB);
  // Held, rows, and the graph beside them: 8 bytes an edge.
  EXPECT_EQ(plan.predicted_peak_bytes, kGiB + 3 * kGiB + kGiB / 2);
}

TEST(MemoryPlan, SpillsRowsAndShrinksBatchesBeforeItRefuses) {
  const MemoryPlan plan = plan_memory(needs(), 9 * kGiB / 4);
  EXPECT_LT(plan.batch_bytes, kGiB / 3);
  EXPECT_LT(plan.resident_row_bytes, kGiB);
  EXPECT_LE(plan.predicted_peak_bytes, 9 * kGiB / 4);
}

TEST(MemoryPlan, NeverPredictsMoreThanTheBudget) {
  for (std::int64_t budget = 33 * kGiB / 16; budget < 10 * kGiB; budget += kGiB / 16) {
    const MemoryPlan plan = plan_memory(needs(), budget);
    EXPECT_LE(plan.predicted_peak_bytes, budget);
    EXPECT_GE(plan.batch_bytes, kGiB / 64);
    EXPECT_GE(plan.resident_row_bytes, 0);
  }
}

TEST(MemoryPlan, RefusesAndSaysWhatTakesTheMemory) {
  EXPECT_EQ(message_of<std::runtime_error>([] { plan_memory(needs(), kGiB); }),
            "[trace] --memory is 1.00 GiB, expected at least 1.56 GiB: 1.00 GiB are held already, "
            "buffers take 144 MiB, a graph of 67108864 edges 576 MiB (fewer --max-features make "
            "it smaller)");
}

TEST(MemoryPlan, CountsRowsAndEdgesThatNoSelectionExceeds) {
  const ThreadScope threads(1);
  const TinySetup setup(all_tiny_cases().front(), at::kFloat);
  const ReplacementRun run =
      run_replacement(setup.model, *setup.transcoders, std::vector<std::int32_t>{0, 7, 3, 19});
  const Sources sources(run);
  const MemoryNeeds all = memory_needs(run, sources, 0, 2);
  std::int64_t values = 2 * sources.columns().width({run.n_layers(), 3});
  for (std::size_t i = 0; i < run.features.layers.size(); ++i) {
    values += sources.columns().width({run.features.layers[i], run.features.positions[i]});
  }
  EXPECT_EQ(all.rows, 4 * values);
  EXPECT_EQ(all.edges, values);
  const MemoryNeeds few = memory_needs(run, sources, 3, 2);
  EXPECT_LT(few.rows, all.rows);
  EXPECT_LT(few.edges, all.edges);
  EXPECT_EQ(few.all_targets, all.all_targets);
}

}  // namespace
}  // namespace circuit::testing
