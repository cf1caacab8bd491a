#include "tracer/study/metrics.h"

#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit {
namespace {

using ::circuit::testing::message_of;
using ::testing::HasSubstr;

const std::vector<float> kClean = {0, 0, 0, 0};
// Probabilities 1/8, 1/2, 1/4, 1/8.
const std::vector<float> kLogits = {0.0f, std::log(4.0f), std::log(2.0f), 0.0f};

double of(StudyMetric metric, const MeasuredTokens& tokens) {
  return measure(metric, kLogits, kClean, tokens);
}

TEST(Metrics, AreThoseOfTheDistribution) {
  EXPECT_EQ(of(StudyMetric::kTop1, {.wanted = 1}), 1);
  EXPECT_EQ(of(StudyMetric::kTop1, {.wanted = 2}), 0);
  EXPECT_NEAR(of(StudyMetric::kLogprob, {.wanted = 2}), std::log(0.25), 1e-6);
  EXPECT_NEAR(of(StudyMetric::kLogOdds, {.wanted = 2}), std::log(0.25 / 0.75), 1e-6);
  EXPECT_EQ(of(StudyMetric::kRank, {.wanted = 2}), 2);
  EXPECT_NEAR(of(StudyMetric::kLogitDifference, {.wanted = 2, .against = 1}), -std::log(2), 1e-6);
  EXPECT_NEAR(of(StudyMetric::kLogitDifference, {.wanted = 1}), std::log(2), 1e-6);
  // KL(clean ‖ changed) = Σ 1/4 log(1/4 / q)
  EXPECT_NEAR(of(StudyMetric::kKl, {.wanted = 0}),
              0.25 * (2 * std::log(2.0) + std::log(0.5) + std::log(1.0)), 1e-6);
}

TEST(Metrics, OfEqualLogitsTheSmallerIdComesFirst) {
  EXPECT_EQ(of(StudyMetric::kRank, {.wanted = 0}), 3);
  EXPECT_EQ(of(StudyMetric::kRank, {.wanted = 3}), 4);
}

TEST(Metrics, RefuseTokensOutsideTheVocabulary) {
  for (const std::int32_t token : {-1, 4}) {
    EXPECT_THAT(message_of<std::invalid_argument>([&] {
                  of(StudyMetric::kTop1, {token, {}});
                }),
                HasSubstr("outside the vocabulary of 4"));
  }
}

}  // namespace
}  // namespace circuit
