// What circuit_top_set_study measures of the bundled model, as bounds, on fewer prompts: features
// that reach the answer through others alone matter little there.
#include "tests/studies/top_set.h"

#include <gtest/gtest.h>

namespace circuit::studies {
namespace {

TEST(TopSets, OfIndirectFeaturesAreNoBetterThanOthers) {
  const std::filesystem::path demo = CIRCUIT_DEMO_DIR;
  const TopSetStudy study =
      study_top_sets(demo / "model", demo / "clt", demo / "prompts.jsonl", /*per_family=*/6);
  EXPECT_GT(study.prompts, 90u);
  EXPECT_GE(study.clusters, 30u);
  EXPECT_GT(study.drop.low, 0.0);
  EXPECT_LT(study.matched.ranked_first.high, 0.3);
  EXPECT_GT(study.matched.median_rank, 20);
  EXPECT_LT(study.over_activation.high, 0.0);
  EXPECT_LT(study.over_direct.high, -5.0);
}

}  // namespace
}  // namespace circuit::studies
