#include "tracer/attribution/feature_names.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "tests/support/tiny_setup.h"
#include "tracer/machine/threads.h"

namespace circuit::testing {
namespace {

// The definition, one token at a time.
std::string slow_name(const TinySetup& setup, std::int32_t layer, std::int32_t feature) {
  const at::Tensor rows = setup.transcoders->decoder_rows(
      layer, at::tensor({static_cast<std::int64_t>(feature)}, at::kLong))[0];
  at::Tensor written = at::zeros_like(rows[0]);
  for (std::int64_t into = 0; into < rows.size(0); ++into) {
    const Block& block = setup.model.blocks[static_cast<std::size_t>(layer + into)];
    const bool raw = setup.transcoders->info().write_site == WriteSite::kMlpOutRaw;
    written += raw && block.mlp_post_norm ? rows[into] * block.mlp_post_norm->gain : rows[into];
  }
  const at::Tensor vector = written * setup.model.final_norm.gain;
  const at::Tensor mean = setup.model.unembedding.mean(0);
  std::vector<std::pair<double, std::int64_t>> effects;
  for (std::int64_t v = 0; v < setup.model.unembedding.size(0); ++v) {
    effects.emplace_back(-(vector * (setup.model.unembedding[v] - mean)).sum().item<double>(), v);
  }
  std::sort(effects.begin(), effects.end());
  std::string name;
  for (int i = 0; i < 3; ++i) {
    name += (i > 0 ? " · #" : "#") + std::to_string(effects[static_cast<std::size_t>(i)].second);
  }
  return name;
}

TEST(FeatureNames, AreTheTopTokensOfAllThatAFeatureWrites) {
  const ThreadScope threads(2);
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TinySetup setup(tiny, at::kDouble);
    std::vector<std::pair<std::int32_t, std::int32_t>> features;
    for (std::int32_t i = 0; i < 30; ++i) features.emplace_back(i % 3, i);
    const auto labels = name_features(setup.model, *setup.transcoders, nullptr, features);
    ASSERT_EQ(labels.size(), features.size());
    for (const auto& [layer, feature] : features) {
      EXPECT_EQ(labels.at({layer, feature}).text, slow_name(setup, layer, feature));
      EXPECT_EQ(labels.at({layer, feature}).source, "output tokens");
    }
  }
}

}  // namespace
}  // namespace circuit::testing
