#include "graph/threshold.h"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace circuit {
namespace {

constexpr std::size_t kParts = 3;

double find(const std::vector<double>& scores, double share, std::size_t sort_at_most) {
  const auto visit = [&](std::size_t chunk, const auto& take) {
    const std::size_t last = scores.size() * (chunk + 1) / kParts;
    for (std::size_t i = scores.size() * chunk / kParts; i < last; ++i) {
      if (scores[i] > 0.0) take(scores[i]);
    }
  };
  return threshold_score(kParts, share, visit, sort_at_most);
}

/// What sorting all of them says, when no rounding decides; NaN when it would.
double find_by_sorting(std::vector<double> scores, double share) {
  std::erase_if(scores, [](double score) { return !(score > 0.0); });
  if (scores.empty()) return std::numeric_limits<double>::infinity();
  std::ranges::sort(scores, std::greater<>());
  if (share >= 1.0) return scores.back();
  long double total = 0, running = 0;
  for (const double score : scores) total += score;
  for (const double score : scores) {
    running += score;
    if (std::abs(running / total - share) < 1e-13L) return std::nan("");
    if (running / total >= share) return score;
  }
  return scores.back();
}

TEST(Threshold, IsTheScoreAtWhichTheShareIsReached) {
  const std::vector<double> scores{1, 4, 0, 2, 1};
  for (const std::size_t sort_at_most : {0U, 2U, 100U}) {
    EXPECT_EQ(find(scores, 0.0, sort_at_most), 4);
    EXPECT_EQ(find(scores, 0.5, sort_at_most), 4);
    EXPECT_EQ(find(scores, 0.51, sort_at_most), 2);
    EXPECT_EQ(find(scores, 0.76, sort_at_most), 1);
    EXPECT_EQ(find(scores, 1.0, sort_at_most), 1);
  }
}

TEST(Threshold, OfNothingIsInfinite) {
  EXPECT_EQ(find({}, 0.5, 0), std::numeric_limits<double>::infinity());
  EXPECT_EQ(find({0, 0}, 1.0, 0), std::numeric_limits<double>::infinity());
}

TEST(Threshold, HoldsForScoresOfAllMagnitudes) {
  std::vector<double> scores;
  for (double score = 1.0; score > 0.0; score /= 2) scores.push_back(score);
  for (const std::size_t sort_at_most : {0U, 100U, 5000U}) {
    EXPECT_EQ(find(scores, 0.7, sort_at_most), 0.5);
    EXPECT_EQ(find(scores, 1.0, sort_at_most), std::numeric_limits<double>::denorm_min());
  }
}

RC_GTEST_PROP(Threshold, IsThatOfSortingAll, ()) {
  const auto seed = *rc::gen::arbitrary<std::uint32_t>();
  const auto size = *rc::gen::inRange(0, 400);
  const bool ties = *rc::gen::arbitrary<bool>();
  const double share = *rc::gen::inRange(0, 101) / 100.0;
  std::mt19937 random(seed);
  std::vector<double> scores;
  for (int i = 0; i < size; ++i) {
    const double uniform = static_cast<double>(random()) / 4294967296.0;
    scores.push_back(ties ? std::ldexp(1.0, static_cast<int>(uniform * 4)) : std::pow(uniform, 9));
  }
  const double expected = find_by_sorting(scores, share);
  RC_PRE(!std::isnan(expected));
  RC_ASSERT(find(scores, share, 0) == expected);
  RC_ASSERT(find(scores, share, 20) == expected);
  RC_ASSERT(find(scores, share, 1000) == expected);
}

}  // namespace
}  // namespace circuit
