// Heads and scores of SmolLM2. Runs when CIRCUIT_SMOLLM2 names the model and
// CIRCUIT_SMOLLM2_TRANSCODERS a set made for it (examples/smollm2).
#include <cstdio>
#include <cstdlib>

#include <gtest/gtest.h>

#include "tests/tracer/attention/sampled_errors.h"
#include "tracer/machine/threads.h"
#include "tracer/model/model.h"
#include "transcoders/transcoder_set.h"

namespace circuit::testing {
namespace {

TEST(HeadsOfSmolLm2, AddUpToEdgesAndScores) {
  const char* model_path = std::getenv("CIRCUIT_SMOLLM2");
  const char* transcoders_path = std::getenv("CIRCUIT_SMOLLM2_TRANSCODERS");
  if (model_path == nullptr) GTEST_SKIP() << "CIRCUIT_SMOLLM2 names no model";
  if (transcoders_path == nullptr) {
    GTEST_SKIP() << "CIRCUIT_SMOLLM2_TRANSCODERS names no transcoders";
  }
  const ThreadScope threads(2);
  const Model model = load_model(model_path);
  const auto transcoders = load_transcoders(transcoders_path);
  // "The capital of the state containing Dallas is the city"
  const SampledErrors errors = sample_errors(
      model, *transcoders, {1, 504, 3575, 282, 260, 1215, 5085, 26219, 314, 260, 2240}, 200, 2000);
  std::printf("largest error of edges %.1e, of scores %.1e (%s)\n", errors.edges, errors.scores,
              errors.worst_score.c_str());
  EXPECT_LE(errors.edges, 1e-5);
  EXPECT_LE(errors.scores, 1e-5) << errors.worst_score;
}

}  // namespace
}  // namespace circuit::testing
