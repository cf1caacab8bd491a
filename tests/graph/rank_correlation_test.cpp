#include "graph/rank_correlation.h"

#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace circuit {
namespace {

using List = std::vector<double>;

TEST(RankCorrelation, LooksAtOrderAlone) {
  EXPECT_DOUBLE_EQ(*rank_correlation(List{1, 2, 3, 4}, List{1, 10, 11, 1000}), 1);
  EXPECT_DOUBLE_EQ(*rank_correlation(List{1, 2, 3, 4}, List{0, -1, -2, -3}), -1);
  // 1 - 6 Σ d² / (n (n² - 1)) with d = 1, 1, 1, 1.
  EXPECT_DOUBLE_EQ(*rank_correlation(List{1, 2, 3, 4}, List{2, 1, 4, 3}), 0.6);
}

TEST(RankCorrelation, SharesTheRankOfEqualValues) {
  // Ranks 1.5 1.5 3 against 1 2 3: covariance 1.5, variances 1.5 and 2.
  EXPECT_NEAR(*rank_correlation(List{5, 5, 7}, List{1, 2, 3}), 1.5 / 1.7320508075688772, 1e-12);
}

TEST(RankCorrelation, IsNothingWithoutVariation) {
  EXPECT_FALSE(rank_correlation(List{}, List{}).has_value());
  EXPECT_FALSE(rank_correlation(List{1}, List{2}).has_value());
  EXPECT_FALSE(rank_correlation(List{1, 1}, List{1, 2}).has_value());
  EXPECT_THROW(rank_correlation(List{1}, List{1, 2}), std::invalid_argument);
}

}  // namespace
}  // namespace circuit
