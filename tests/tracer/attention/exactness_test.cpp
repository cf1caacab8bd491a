// Both sums, of edges by head and of scores by term, on every golden model and on the bundled one.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>

#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "tests/support/golden_case.h"
#include "tests/tracer/attention/sampled_errors.h"
#include "tracer/machine/threads.h"
#include "tracer/model/model.h"
#include "transcoders/transcoder_set.h"

namespace circuit::testing {
namespace {

constexpr std::size_t kSamples = 200;

void expect_exact(const SampledErrors& errors) {
  ::testing::Test::RecordProperty("edges", std::to_string(errors.edges));
  std::printf("largest error of edges %.1e, of scores %.1e (%s)\n", errors.edges, errors.scores,
              errors.worst_score.c_str());
  EXPECT_LE(errors.edges, 1e-5);
  EXPECT_LE(errors.scores, 1e-5) << errors.worst_score;
}

class HeadsOfGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(HeadsOfGolden, AddUpToEdgesAndScores) {
  const ThreadScope threads(2);
  const GoldenCase golden = load_golden_case(CIRCUIT_GOLDEN_DIR, GetParam(), "full");
  const Model model = load_model(golden.model);
  const auto transcoders = load_transcoders(golden.transcoders);
  expect_exact(sample_errors(model, *transcoders, golden.input_ids, kSamples));
}

INSTANTIATE_TEST_SUITE_P(Models, HeadsOfGolden,
                         ::testing::Values("llama-plt-relu", "llama-clt-relu", "llama-clt-jumprelu",
                                           "gpt2-plt-relu-resid", "qwen3-plt-topk-skip",
                                           "gemma2-plt-jumprelu", "gemma3-clt-jumprelu"),
                         [](const auto& tested) {
                           std::string name = tested.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

// `le contraire de petit est`.
TEST(HeadsOfTheDemo, AddUpToEdgesAndScores) {
  const ThreadScope threads(2);
  const std::filesystem::path demo = CIRCUIT_DEMO_DIR;
  const Model model = load_model(demo / "model");
  const auto transcoders = load_transcoders(demo / "clt");
  expect_exact(sample_errors(model, *transcoders, {0, 447, 2283, 446, 2778, 663}, kSamples));
}

}  // namespace
}  // namespace circuit::testing
