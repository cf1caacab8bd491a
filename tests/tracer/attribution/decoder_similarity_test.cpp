#include "tracer/attribution/decoder_similarity.h"

#include <algorithm>
#include <map>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "tests/support/tiny_setup.h"
#include "tracer/machine/threads.h"

namespace circuit::testing {
namespace {

const std::vector<std::int32_t> kIds = {0, 7, 3, 19, 7, 30, 11, 4, 7, 7};

ReplacementRun run_of(const TinySetup& setup) {
  return run_replacement(setup.model, *setup.transcoders, kIds, 1);
}

/// All features but every fifth.
std::vector<std::int32_t> some_features(const ReplacementRun& run) {
  std::vector<std::int32_t> selected;
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(run.features.size()); ++i) {
    if (i % 5 != 2) selected.push_back(i);
  }
  return selected;
}

/// What a feature writes, layer after layer [n_layers * d_model]; of per-layer sets [d_model].
at::Tensor written(const TinySetup& setup, std::int32_t layer, std::int32_t feature) {
  const TranscoderInfo& info = setup.transcoders->info();
  const at::Tensor rows =
      setup.transcoders->decoder_rows(layer, at::tensor({std::int64_t{feature}}, at::kLong))[0];
  at::Tensor all = at::zeros({info.n_layers, info.d_model}, at::kDouble);
  for (std::int64_t i = 0; i < rows.size(0); ++i) {
    const Block& block = setup.model.blocks[static_cast<std::size_t>(layer + i)];
    const bool raw = info.write_site == WriteSite::kMlpOutRaw;
    all[layer + i] = raw && block.mlp_post_norm ? rows[i] * block.mlp_post_norm->gain : rows[i];
  }
  return info.cross_layer ? all.flatten() : all.sum(0);
}

using Pairs = std::map<std::pair<std::int32_t, std::int32_t>, double>;

/// The definition, node by node.
Pairs slow_similarity(const TinySetup& setup, const ReplacementRun& run,
                      const std::vector<std::int32_t>& selected) {
  std::vector<at::Tensor> vectors;
  for (const std::int32_t index : selected) {
    const auto i = static_cast<std::size_t>(index);
    const at::Tensor vector = written(setup, run.features.layers[i], run.features.features[i]);
    vectors.push_back(vector / vector.norm());
  }
  const at::Tensor all = at::stack(vectors);
  const at::Tensor cosines = all.mm(all.t());
  const auto* values = cosines.data_ptr<double>();
  Pairs pairs;
  for (std::size_t i = 0; i < selected.size(); ++i) {
    std::vector<std::pair<double, std::int32_t>> others;
    for (std::size_t j = 0; j < selected.size(); ++j) {
      double cosine = values[i * selected.size() + j];
      if (cosine > 1 - 1e-9) cosine = 1;  // one feature at two positions
      if (i != j && cosine > kLeastSimilarity) {
        others.emplace_back(-cosine, static_cast<std::int32_t>(j));
      }
    }
    std::ranges::sort(others);
    others.resize(std::min(others.size(), kMostSimilar));
    for (const auto& [cosine, other] : others) {
      pairs[std::minmax(static_cast<std::int32_t>(i), other)] = -cosine;
    }
  }
  return pairs;
}

TEST(DecoderSimilarity, EqualsTheDefinition) {
  const c10::InferenceMode inference;
  const ThreadScope threads(2);
  std::size_t found = 0;
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TinySetup setup(tiny, at::kDouble);
    const ReplacementRun run = run_of(setup);
    const std::vector<std::int32_t> selected = some_features(run);
    const FeatureSimilarity fast = find_similarity(run, selected);
    const Pairs slow = slow_similarity(setup, run, selected);
    ASSERT_EQ(fast.pairs.size(), slow.size());
    for (std::size_t i = 0; i < fast.pairs.size(); ++i) {
      const auto pair = slow.find(fast.pairs[i]);
      ASSERT_NE(pair, slow.end()) << fast.pairs[i].first << " " << fast.pairs[i].second;
      EXPECT_NEAR(fast.cosines[i], pair->second, 1e-6);  // stored as float
    }
    EXPECT_TRUE(std::ranges::is_sorted(fast.pairs));
    found += slow.size();
  }
  EXPECT_GT(found, 1000u);
}

TEST(DecoderSimilarity, IsTheSameForAnyNumberOfThreads) {
  const c10::InferenceMode inference;
  const std::vector<TinyCase> cases = all_tiny_cases();
  for (std::size_t i = 0; i < cases.size(); i += 5) {
    SCOPED_TRACE(cases[i].name);
    const TinySetup setup(cases[i], at::kFloat);
    FeatureSimilarity results[2];
    for (int many = 0; many < 2; ++many) {
      const ThreadScope threads(1 + 3 * many);
      const ReplacementRun run = run_of(setup);
      results[many] = find_similarity(run, some_features(run));
    }
    EXPECT_EQ(results[0].pairs, results[1].pairs);
    EXPECT_EQ(results[0].cosines, results[1].cosines);
  }
}

TEST(DecoderSimilarity, ReadsDecodersAnewWhereTheyAreNotKept) {
  const c10::InferenceMode inference;
  const ThreadScope threads(2);
  const TinySetup setup(all_tiny_cases().front(), at::kFloat);
  const ReplacementRun kept = run_of(setup);
  const ReplacementRun read = run_replacement(setup.model, *setup.transcoders, kIds, 1, 0);
  ASSERT_FALSE(read.decoders.kept());
  const auto selected = some_features(kept);
  EXPECT_EQ(find_similarity(kept, selected).cosines, find_similarity(read, selected).cosines);
}

TEST(DecoderSimilarity, OfNoFeatureIsEmpty) {
  const c10::InferenceMode inference;
  const ThreadScope threads(1);
  const TinySetup setup(all_tiny_cases().front(), at::kFloat);
  EXPECT_TRUE(find_similarity(run_of(setup), {}).pairs.empty());
}

}  // namespace
}  // namespace circuit::testing
