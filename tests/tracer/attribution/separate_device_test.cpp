// A whole trace on a device whose memory is not the CPU's (tests/support/separate_device.h): what
// reads the wrong memory, mixes devices or does not wait for a copy fails here, without a GPU.
#include "tests/support/separate_device.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "tests/support/throws.h"
#include "tests/support/tiny_setup.h"
#include "tracer/attribution/attribute.h"
#include "tracer/attribution/check_predictions.h"
#include "tracer/attribution/device_rows.h"
#include "tracer/attribution/feature_names.h"
#include "tracer/attribution/target_covectors.h"
#include "tracer/machine/device.h"
#include "tracer/machine/threads.h"

namespace circuit::testing {
namespace {

const std::vector<std::int32_t> kIds = {0, 7, 3, 19, 7, 30, 11};

TEST(SeparateDevice, ComputesAndRefusesToMix) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const at::TensorOptions there = at::TensorOptions().device(separate_device());
  const at::Tensor host = at::arange(6).to(at::kFloat).view({2, 3});
  const at::Tensor a = host.to(separate_device());
  EXPECT_TRUE(at::equal((a.t().narrow(0, 1, 2) * 2.0).to(at::kCPU), host.t().narrow(0, 1, 2) * 2));
  const at::Tensor sum = at::zeros({2, 2}, there);
  sum.addmm_(a, a.t());
  EXPECT_TRUE(at::equal(sum.to(at::kCPU), at::mm(host, host.t())));
  for (const auto& mix :
       std::vector<std::function<void()>>{[&] { sum.addmm_(a, host.t()); }, [&] { a + host; },
                                          [&] { a.index_select(0, at::tensor({1})); },
                                          [&] {
                                            at::cat({a, host});
                                          }}) {
    const std::string said = message_of<std::runtime_error>(mix);
    EXPECT_TRUE(said.find("mixes devices") != std::string::npos ||
                said.find("to be on the same device") != std::string::npos)
        << said;
  }
  EXPECT_DEATH(static_cast<void>(*static_cast<volatile const float*>(a.data_ptr())), "");
}

TEST(SeparateDevice, CopiesBesideTheComputationAsLateAsItMay) {
  const at::Tensor host = at::zeros({4}), from = at::ones({4}).to(separate_device());
  CopyLane lane(separate_device());
  lane.start(host, from);
  EXPECT_EQ(host.sum().item<float>(), 0.0f);
  from.add_(1.0);  // a mistake, which the copy shows
  lane.wait();
  EXPECT_EQ(host.sum().item<float>(), 8.0f);
  const at::Tensor back = at::zeros({4}).to(separate_device());
  lane.start(back, host);
  EXPECT_EQ(back.sum().item<float>(), 0.0f);
  lane.let_device_wait();
  EXPECT_EQ(back.sum().item<float>(), 8.0f);
}

struct Placed {
  Placed(const TinySetup& setup, at::ScalarType dtype, at::Device device)
      : model(load_model(setup.directory / "model", dtype, device)),
        transcoders(
            load_transcoders(setup.directory / "transcoders", {.dtype = dtype, .device = device})),
        run(run_replacement(model, *transcoders, kIds, 2)) {}

  Attribution attribute(const AttributionOptions& options) const {
    return circuit::attribute(run, choose_targets(run, {.named = {"#4", "#9"}}, nullptr), options);
  }

  Model model;
  std::unique_ptr<TranscoderSet> transcoders;
  ReplacementRun run;
};

void expect_same(const Attribution& found, const Attribution& expected, double tolerance) {
  ASSERT_EQ(found.nodes.active_features, expected.nodes.active_features);
  ASSERT_EQ(found.nodes.selected_features, expected.nodes.selected_features);
  ASSERT_EQ(found.edges.row_offsets, expected.edges.row_offsets);
  for (std::size_t row = 0; row < expected.edges.rows(); ++row) {
    float largest = 0.0f;
    for (const float w : expected.edges.row_weights(row)) largest = std::max(largest, std::abs(w));
    for (std::size_t i = 0; i < expected.edges.size(row); ++i) {
      ASSERT_NEAR(found.edges.row_weights(row)[i], expected.edges.row_weights(row)[i],
                  tolerance * largest);
    }
  }
  for (std::size_t i = 0; i < expected.totals.totals.size(); ++i) {
    EXPECT_NEAR(found.totals.bias_terms[i], expected.totals.bias_terms[i], 1e-5);
    EXPECT_NEAR(found.totals.pre_activations[i], expected.totals.pre_activations[i], 1e-5);
  }
}

TEST(SeparateDevice, TracesAsTheCpuDoes) {
  const ThreadScope threads(2);
  for (const TinyCase& tiny : all_tiny_cases()) {
    for (const at::ScalarType dtype : {at::kDouble, at::kFloat}) {
      SCOPED_TRACE(tiny.name);
      const TinySetup setup(tiny, dtype);
      const c10::InferenceMode inference;
      const Placed here(setup, dtype, at::kCPU), there(setup, dtype, separate_device());
      ASSERT_EQ(there.run.device(), separate_device());
      const int late_before = separate_device_use().late_copies;
      for (const std::int64_t max_features : {0, 15}) {
        const AttributionOptions options = {.max_features = max_features,
                                            .batch_size = 4,
                                            .update_interval = 1,
                                            .device_memory_bytes = std::int64_t{1} << 30};
        const Attribution found = there.attribute(options);
        ASSERT_TRUE(found.plan.device.has_value());
        expect_same(found, here.attribute(options), dtype == at::kDouble ? 1.2e-7 : 1e-5);
      }
      EXPECT_GT(separate_device_use().late_copies, late_before + 6);
    }
  }
}

// Products are rounded to bf16 after sums in another order (device_rows_test.cpp).
TEST(SeparateDevice, TracesInBf16) {
  const ThreadScope threads(2);
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TinySetup setup(tiny, at::kBFloat16);
    const c10::InferenceMode inference;
    const Placed here(setup, at::kBFloat16, at::kCPU);
    const Placed there(setup, at::kBFloat16, separate_device());
    const Attribution found = there.attribute({.device_memory_bytes = std::int64_t{1} << 30});
    const Attribution expected = here.attribute({});
    ASSERT_EQ(found.nodes.active_features, expected.nodes.active_features);
    for (std::size_t i = 0; i < expected.totals.totals.size(); ++i) {
      const double sum = expected.totals.absolute_totals[i];
      EXPECT_NEAR(found.totals.totals[i], expected.totals.totals[i], 1.6e-2 * sum);
      EXPECT_NEAR(found.totals.absolute_totals[i], sum, 1.6e-2 * sum);
    }
  }
}

// The least budget that is accepted holds two layers' sources and a batch of one target.
TEST(SeparateDevice, TracesInTheLeastMemoryAndRefusesLess) {
  const ThreadScope threads(2);
  const TinySetup setup(all_tiny_cases()[4], at::kFloat);
  const c10::InferenceMode inference;
  const Placed here(setup, at::kFloat, at::kCPU), there(setup, at::kFloat, separate_device());
  Sources sources(there.run);
  const DeviceNeeds needs = device_needs(there.run, sources, std::nullopt);
  const std::int64_t least = needs.fixed + std::min(needs.all_sources, 2 * needs.largest_sources) +
                             needs.largest_target * needs.bytes_per_row;
  AttributionOptions options = {.device_memory_bytes = least};
  const Attribution found = there.attribute(options);
  EXPECT_EQ(found.plan.device->batch_rows, needs.largest_target);
  expect_same(found, here.attribute(options), 1e-5);
  options.device_memory_bytes = least - 1;
  EXPECT_TRUE(message_of<std::runtime_error>([&] {
                there.attribute(options);
              }).starts_with("[trace] --device-memory is "));
  options.device_memory_bytes = 0;
  EXPECT_TRUE(message_of<std::runtime_error>([&] {
                there.attribute(options);
              }).starts_with("[trace] this LibTorch does not tell how much memory"));
}

TEST(SeparateDevice, StreamsSourcesForEveryBatch) {
  const ThreadScope threads(2);
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TinySetup setup(tiny, at::kDouble);
    const c10::InferenceMode inference;
    const Placed here(setup, at::kDouble, at::kCPU), there(setup, at::kDouble, separate_device());
    Sources sources(there.run);
    const MemoryPlan plan = {.resident_row_bytes = 1 << 30,
                             .device = DevicePlan{.batch_rows = 12, .resident_sources = false}};
    const OutputTargets outputs = choose_targets(there.run, {.named = {"#4", "#9"}}, nullptr);
    expect_same(attribute(there.run, outputs, {}, sources, plan), here.attribute({}), 1.2e-7);
  }
}

TEST(SeparateDevice, VerifiesAndNames) {
  const ThreadScope threads(2);
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TinySetup setup(tiny, at::kDouble);
    const c10::InferenceMode inference;
    const Placed here(setup, at::kDouble, at::kCPU), there(setup, at::kDouble, separate_device());
    Attribution result = there.attribute({.device_memory_bytes = std::int64_t{1} << 30});
    result.nodes.tokens.assign(kIds.size(), "t");
    const AttributionGraph graph(result.nodes, result.edges, result.row_dropped, result.totals);
    EXPECT_LE(*graph.closure_error(), 1e-12);
    const std::vector<TargetTokens> targets = {{.a = 4, .b = {}}, {.a = 9, .b = {}}};
    const PredictionCheck check = check_predictions(
        there.run, graph, target_covectors(there.model, targets), /*samples=*/40, /*seed=*/1);
    EXPECT_LT(check.largest_error, 6.1e-8) << check.worst;
    const std::vector<std::pair<std::int32_t, std::int32_t>> features = {{0, 3}, {1, 7}, {2, 0}};
    const auto names = name_features(there.model, *there.transcoders, nullptr, features);
    const auto expected = name_features(here.model, *here.transcoders, nullptr, features);
    for (const auto& key : features) EXPECT_EQ(names.at(key).text, expected.at(key).text);
  }
}

}  // namespace
}  // namespace circuit::testing
