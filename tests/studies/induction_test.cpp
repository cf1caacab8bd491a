// What circuit_induction_study measures of the bundled model, as bounds.
#include "tests/studies/induction.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tracer/machine/threads.h"

namespace circuit::studies {
namespace {

const InductionStudy& study() {
  static const InductionStudy result = [] {
    const ThreadScope threads(2);
    const std::filesystem::path demo = CIRCUIT_DEMO_DIR;
    return study_induction(demo / "model", demo / "clt",
                           demo.parent_path() / "induction/prompts.jsonl");
  }();
  return result;
}

const Outcome& outcome(const std::string& name) {
  const auto found = std::ranges::find_if(
      study().outcomes, [&](const Outcome& one) { return one.name.starts_with(name); });
  if (found == study().outcomes.end()) throw std::runtime_error("no outcome " + name);
  return *found;
}

TEST(Induction, HasEnoughPrompts) {
  EXPECT_EQ(study().dev_prompts, 30u);
  EXPECT_EQ(study().test_prompts, 122u);
  EXPECT_GE(study().clusters, 30u);
  EXPECT_GT(outcome("nothing").answered.low, 0.95);
}

// The heads that bring the answer are those that score its place for the token ahead of it.
TEST(Induction, HeadsOfMostLoadingAreScoredForTheTokenAheadOfTheirKey) {
  ASSERT_EQ(study().chosen, 5u);
  for (std::size_t i = 0; i < study().heads.size(); ++i) {
    const HeadFinding& one = study().heads[i];
    if (i < study().chosen) {
      EXPECT_GT(one.previous.low, 1.0) << one.head.layer << "." << one.head.head;
      EXPECT_GT(one.previous.value, 0.25 * one.advantage.value);
    } else if (one.loading < 0.01) {
      EXPECT_LT(one.previous.high, 0.5) << one.head.layer << "." << one.head.head;
    }
  }
  for (std::size_t i = 0; i < 3; ++i) {
    const HeadFinding& one = study().heads[i];
    EXPECT_GT(one.previous.low, 0.7 * one.advantage.value)
        << one.head.layer << "." << one.head.head;
  }
}

TEST(Induction, WithoutThoseTermsTheAnswerIsLostAndWithoutOthersItIsNot) {
  const Outcome& taken = outcome("terms of the token ahead of the key");
  EXPECT_LT(taken.answered.high, 0.4);
  for (const char* control :
       {"random terms", "terms of the token ahead of another key", "the longest other terms"}) {
    EXPECT_GT(outcome(control).answered.low, taken.answered.high) << control;
    EXPECT_GT(outcome(control).log_probability.low, taken.log_probability.high) << control;
  }
  EXPECT_GT(outcome("random terms").answered.low, 0.8);
  EXPECT_LT(outcome("the key").answered.high, 0.1);
}

}  // namespace
}  // namespace circuit::studies
