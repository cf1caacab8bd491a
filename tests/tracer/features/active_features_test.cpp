#include "tracer/features/active_features.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/tiny_setup.h"
#include "tracer/replacement/run.h"

namespace circuit::testing {
namespace {

const std::vector<std::int32_t> kIds = {1, 5, 9, 30, 2, 11, 7};

// What fires is what a trace would take for nodes.
TEST(ActiveFeatures, AreThoseOfTheReplacementRun) {
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TinySetup setup(tiny, at::kDouble);
    const ReplacementRun run = run_replacement(setup.model, *setup.transcoders, kIds);
    const auto reader = read_transcoder_features(setup.model, *setup.transcoders);
    const ActiveFeatures found = find_active_features(setup.model, *reader, kIds, 0, {}, 1);
    ASSERT_EQ(found.strongest.size(), static_cast<std::size_t>(run.features.size()));
    std::vector<FiringFeature> in_order = found.strongest;
    std::ranges::sort(in_order, {}, [](const FiringFeature& f) {
      return std::tuple(f.layer, f.position, f.feature);
    });
    for (std::size_t i = 0; i < in_order.size(); ++i) {
      EXPECT_EQ(in_order[i].layer, run.features.layers[i]);
      EXPECT_EQ(in_order[i].position, run.features.positions[i]);
      EXPECT_EQ(in_order[i].feature, run.features.features[i]);
      EXPECT_NEAR(in_order[i].activation,
                  run.features.activations[static_cast<std::int64_t>(i)].item<double>(), 1e-5);
    }
    for (std::size_t layer = 0; layer < 3; ++layer) {
      EXPECT_EQ(found.counts[layer],
                run.features.layer_offsets[layer + 1] - run.features.layer_offsets[layer]);
    }
  }
}

TEST(ActiveFeatures, KeepTheStrongestOfEachPosition) {
  const TinySetup setup(all_tiny_cases().front(), at::kDouble);
  const auto reader = read_transcoder_features(setup.model, *setup.transcoders);
  const auto all = find_active_features(setup.model, *reader, kIds, 0, {}, 1).strongest;
  const auto top = find_active_features(setup.model, *reader, kIds, 3, {}, 1).strongest;
  std::vector<std::int64_t> taken(kIds.size(), 0);
  std::size_t next = 0;
  for (const FiringFeature& f : all) {  // strongest first in each position
    if (taken[static_cast<std::size_t>(f.position)]++ >= 3) continue;
    ASSERT_LT(next, top.size());
    EXPECT_EQ(top[next].feature, f.feature);
    EXPECT_EQ(top[next].layer, f.layer);
    EXPECT_EQ(top[next].position, f.position);
    ++next;
  }
  EXPECT_EQ(next, top.size());
  EXPECT_GT(all.size(), top.size());
}

TEST(ActiveFeatures, LookAtTheLayersAskedFor) {
  const TinySetup setup(all_tiny_cases().front(), at::kDouble);
  const auto reader = read_transcoder_features(setup.model, *setup.transcoders);
  const std::vector<std::int64_t> layers = {2};
  const ActiveFeatures found = find_active_features(setup.model, *reader, kIds, 0, layers, 1);
  ASSERT_FALSE(found.strongest.empty());
  for (const FiringFeature& f : found.strongest) EXPECT_EQ(f.layer, 2);
  EXPECT_EQ(found.counts[0], 0);
}

TEST(ActiveFeatures, AreNamedByWhatTheyPushUp) {
  const TinySetup setup(all_tiny_cases().front(), at::kDouble);
  const auto reader = read_transcoder_features(setup.model, *setup.transcoders);
  const std::vector<FiringFeature> features = {{.layer = 1, .position = 2, .feature = 4},
                                               {.layer = 0, .position = 2, .feature = 9}};
  const auto names = name_active_features(setup.model, *reader, nullptr, features);
  const at::Tensor written =
      setup.transcoders->decoder_rows(1, at::tensor({std::int64_t{4}}))[0][0] *
      setup.model.final_norm.gain;
  const auto best = at::mv(setup.model.unembedding, written).argmax().item<std::int64_t>();
  EXPECT_TRUE(names[0].starts_with("#" + std::to_string(best) + " ")) << names[0];
  EXPECT_NE(names[0], names[1]);
}

}  // namespace
}  // namespace circuit::testing
