// The engine of devices, which tells no device from another, on CPU tensors against the CPU's own
// engine; and the whole attribution on CUDA where there is one.
#include "tracer/attribution/device_rows.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "tests/support/tiny_setup.h"
#include "tracer/attribution/attribute.h"
#include "tracer/attribution/edge_sink.h"
#include "tracer/attribution/feature_targets.h"
#include "tracer/machine/threads.h"
#include "transcoders/product.h"

namespace circuit::testing {
namespace {

const std::vector<std::int32_t> kIds = {0, 7, 3, 19, 7, 30, 11};

OutputTargets outputs_of(const ReplacementRun& run) {
  return choose_targets(run, {.named = {"#4", "#9"}}, nullptr);
}

// Every active feature, then the outputs.
RowTargets every_target(const ReplacementRun& run) {
  std::vector<std::int64_t> features(static_cast<std::size_t>(run.features.size()));
  std::iota(features.begin(), features.end(), 0);
  RowTargets all = feature_targets(run, features);
  const RowTargets outputs = outputs_of(run).rows;
  all.reads.insert(all.reads.end(), outputs.reads.begin(), outputs.reads.end());
  all.covectors = at::cat({all.covectors.to(outputs.covectors.scalar_type()), outputs.covectors});
  return all;
}

template <class T>
using Rows = std::vector<std::vector<T>>;

template <class T, class Fill>
Rows<T> rows_of(const ColumnLayout& columns, const RowTargets& targets, Fill&& fill) {
  Rows<T> rows;
  std::vector<T*> pointers;
  for (const ReadPoint& read : targets.reads) {
    rows.emplace_back(static_cast<std::size_t>(columns.width(read)), T{0});
  }
  for (auto& row : rows) pointers.push_back(row.data());
  fill(std::span<T* const>(pointers));
  return rows;
}

template <class T>
Rows<T> cpu_rows(const ReplacementRun& run, Sources& sources, const RowTargets& targets) {
  return rows_of<T>(sources.columns(), targets, [&](std::span<T* const> rows) {
    const BackwardBatch batch(targets.reads, run.n_layers(), run.zero_positions);
    EdgeSink<T> sink(sources, batch, run.model->dtype, rows);
    LinearBackward(run).sweep(batch, targets.covectors, sink);
  });
}

// Largest |difference| / absolute sum of the expected row.
template <class T>
double largest_error(const Rows<T>& found, const Rows<T>& expected) {
  double largest = 0.0;
  for (std::size_t r = 0; r < expected.size(); ++r) {
    double sum = 0.0, error = 0.0;
    for (std::size_t i = 0; i < expected[r].size(); ++i) {
      sum += std::abs(static_cast<double>(expected[r][i]));
      error = std::max(error, std::abs(static_cast<double>(found[r][i] - expected[r][i])));
    }
    largest = std::max(largest, sum > 0.0 ? error / sum : error);
  }
  return largest;
}

template <class T>
double device_error(const TinyCase& tiny, at::ScalarType dtype, std::int64_t zero_positions) {
  const TinySetup setup(tiny, dtype);
  const c10::InferenceMode inference;
  const ReplacementRun run = run_replacement(setup.model, *setup.transcoders, kIds, zero_positions);
  Sources sources(run);
  const RowTargets targets = every_target(run);
  const Rows<T> expected = cpu_rows<T>(run, sources, targets);
  double largest = 0.0;
  for (const bool resident : {true, false}) {
    DeviceRows engine(run, sources, dtype, resident);
    for (int repeat = 0; repeat < 2; ++repeat) {  // buffers and kept sources are used again
      const Rows<T> found = rows_of<T>(sources.columns(), targets, [&](std::span<T* const> rows) {
        engine.sweep<T>(targets, rows);
      });
      largest = std::max(largest, largest_error(found, expected));
    }
  }
  return largest;
}

class EveryCase : public ::testing::TestWithParam<TinyCase> {};

TEST_P(EveryCase, HasTheCpusRows) {
  const ThreadScope threads(2);
  for (const std::int64_t zero_positions : {1, 3}) {
    EXPECT_LT(device_error<double>(GetParam(), at::kDouble, zero_positions), 1e-12);
    EXPECT_LT(device_error<float>(GetParam(), at::kFloat, zero_positions), 1e-5);
    // Products are rounded to bf16 (8 bits) at the same places but after sums in another order, so
    // that each result may differ by its last bit, 2^-8, and a row passes through up to eight.
    EXPECT_LT(device_error<float>(GetParam(), at::kBFloat16, zero_positions), 3.2e-2);
  }
}

INSTANTIATE_TEST_SUITE_P(Tiny, EveryCase, ::testing::ValuesIn(all_tiny_cases()),
                         [](const auto& tested) { return tested.param.name; });

Attribution attribute_with(const ReplacementRun& run, const AttributionOptions& options,
                           const MemoryPlan& plan) {
  Sources sources(run);
  return attribute(run, outputs_of(run), options, sources, plan);
}

void expect_same(const Attribution& found, const Attribution& expected, float tolerance) {
  ASSERT_EQ(found.nodes.active_features, expected.nodes.active_features);
  ASSERT_EQ(found.nodes.selected_features, expected.nodes.selected_features);
  ASSERT_EQ(found.edges.columns, expected.edges.columns);
  for (std::size_t row = 0; row < expected.edges.rows(); ++row) {
    float largest = 0.0f;
    for (const float w : expected.edges.row_weights(row)) largest = std::max(largest, std::abs(w));
    for (std::size_t i = 0; i < expected.edges.size(row); ++i) {
      ASSERT_NEAR(found.edges.row_weights(row)[i], expected.edges.row_weights(row)[i],
                  tolerance * largest);
    }
  }
  for (std::size_t i = 0; i < expected.totals.totals.size(); ++i) {
    const double sum = expected.totals.absolute_totals[i];
    EXPECT_NEAR(found.totals.totals[i], expected.totals.totals[i], tolerance * sum);
    EXPECT_NEAR(found.totals.absolute_totals[i], sum, tolerance * sum);
    EXPECT_NEAR(found.totals.bias_terms[i], expected.totals.bias_terms[i], tolerance * (1.0 + sum));
    EXPECT_NEAR(found.totals.pre_activations[i], expected.totals.pre_activations[i],
                tolerance * (1.0 + sum));
  }
}

// One target a batch, a few, all; sources kept or copied for each batch; all features, and some in
// rounds.
TEST(DeviceRows, GiveTheCpusGraphForAnyBatch) {
  const ThreadScope threads(2);
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TinySetup setup(tiny, at::kDouble);
    const c10::InferenceMode inference;
    const ReplacementRun run = run_replacement(setup.model, *setup.transcoders, kIds, 1);
    for (const std::int64_t max_features : {0, 15}) {
      const AttributionOptions options = {
          .max_features = max_features, .batch_size = 4, .update_interval = 1};
      const MemoryPlan cpu = {.batch_bytes = 1 << 30, .resident_row_bytes = 1 << 30};
      const Attribution expected = attribute_with(run, options, cpu);
      for (const std::int64_t rows : {1, 13, 100000}) {
        for (const bool resident : {true, false}) {
          MemoryPlan plan = cpu;
          plan.device = DevicePlan{.batch_rows = rows, .resident_sources = resident};
          // Stored edges are floats: two of them may be neighbours.
          expect_same(attribute_with(run, options, plan), expected, 1.2e-7f);
        }
      }
    }
  }
}

TEST(DeviceRows, ComeInTheOrderOfTheCalls) {
  const ThreadScope threads(1);
  const TinySetup setup(all_tiny_cases().front(), at::kDouble);
  const c10::InferenceMode inference;
  const ReplacementRun run = run_replacement(setup.model, *setup.transcoders, kIds, 1);
  Sources sources(run);
  DeviceRows engine(run, sources, at::kDouble, /*resident_sources=*/true);
  RowStore store(sources.columns(), 1 << 30);
  for (const std::int64_t feature : {5, 3, 8}) {
    const std::vector<std::int64_t> one = {feature};
    engine.add_rows(feature_targets(run, one), one, store);
  }
  EXPECT_EQ(store.size(), 2u);  // the last one is under way
  engine.finish(store);
  ASSERT_EQ(store.size(), 3u);
  EXPECT_EQ(store.node(0), 5);
  EXPECT_EQ(store.node(1), 3);
  EXPECT_EQ(store.node(2), 8);
  EXPECT_EQ(store.totals.totals.size(), 3u);
  engine.finish(store);
  EXPECT_EQ(store.size(), 3u);
}

TEST(Cuda, GivesTheCpusGraph) {
  if (!at::hasCUDA()) GTEST_SKIP() << "no CUDA device";
  const ThreadScope threads(2);
  const at::Device device = open_device("cuda");
  set_device_precision(/*tf32=*/false);
  for (const TinyCase& tiny : all_tiny_cases()) {
    for (const at::ScalarType dtype : {at::kDouble, at::kFloat}) {
      SCOPED_TRACE(tiny.name);
      const TinySetup setup(tiny, dtype);
      const c10::InferenceMode inference;
      const Model model = load_model(setup.directory / "model", dtype, device);
      const auto transcoders =
          load_transcoders(setup.directory / "transcoders", {.dtype = dtype, .device = device});
      const ReplacementRun run = run_replacement(setup.model, *setup.transcoders, kIds, 1);
      const ReplacementRun there = run_replacement(model, *transcoders, kIds, 1);
      for (const std::int64_t max_features : {0, 15}) {
        const AttributionOptions options = {.max_features = max_features,
                                            .batch_size = 4,
                                            .update_interval = 1,
                                            .device_memory_bytes = std::int64_t{2} << 30};
        expect_same(attribute(there, outputs_of(there), options),
                    attribute(run, outputs_of(run), options),
                    dtype == at::kDouble ? 1.2e-7f : 1e-5f);
      }
    }
  }
}

}  // namespace
}  // namespace circuit::testing
