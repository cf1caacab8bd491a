#include "graph/partition_quality.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit {
namespace {

using Labels = std::vector<std::size_t>;
using Layers = std::vector<std::int32_t>;

/// Hubert and Arabie's index from the four kinds of pairs, one pair at a time.
double slow_index(const Labels& a, const Labels& b) {
  double both = 0, only_a = 0, only_b = 0, neither = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const bool same_a = a[i] == a[j], same_b = b[i] == b[j];
      (same_a ? (same_b ? both : only_a) : (same_b ? only_b : neither)) += 1;
    }
  }
  return 2 * (both * neither - only_a * only_b) /
         ((both + only_a) * (only_a + neither) + (both + only_b) * (only_b + neither));
}

TEST(AdjustedRandIndex, EqualsCasesWorkedOutByHand) {
  EXPECT_EQ(adjusted_rand_index(Labels{0, 0, 1, 1}, Labels{5, 5, 2, 2}), 1.0);
  // Pairs: 1 together in both, 2 in a, 2 in b, of 6: (1 - 2/3) / (2 - 2/3) for a 2-1-1 overlap.
  EXPECT_DOUBLE_EQ(*adjusted_rand_index(Labels{0, 0, 1, 1}, Labels{0, 0, 1, 2}), 4.0 / 7);
  EXPECT_DOUBLE_EQ(*adjusted_rand_index(Labels{0, 0, 1, 1}, Labels{0, 1, 0, 1}), -0.5);
  // The example of scikit-learn's documentation.
  EXPECT_NEAR(*adjusted_rand_index(Labels{0, 0, 1, 2}, Labels{0, 0, 1, 1}), 0.5714, 1e-4);
}

TEST(AdjustedRandIndex, EqualsTheDefinitionOnRandomPartitions) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    Labels a, b;
    for (int i = 0; i < 12; ++i) {
      a.push_back(random() % 4);
      b.push_back(random() % 3);
    }
    EXPECT_NEAR(*adjusted_rand_index(a, b), slow_index(a, b), 1e-12);
  }
}

TEST(AdjustedRandIndex, IsZeroOnAverageForRandomPartitions) {
  std::mt19937_64 random(1);
  const Labels a = {0, 0, 0, 1, 1, 1, 2, 2, 3, 4};
  const Labels b = {0, 1, 0, 1, 0, 1, 2, 2, 2, 2};
  double sum = 0;
  for (int i = 0; i < 4000; ++i) {
    sum += *adjusted_rand_index(a, shuffled_parts(b, Layers(b.size(), 0), random));
  }
  EXPECT_NEAR(sum / 4000, 0, 0.01);
}

TEST(AdjustedRandIndex, DoesNotExistWhereNothingCanBeSaid) {
  EXPECT_EQ(adjusted_rand_index(Labels{}, Labels{}), std::nullopt);
  EXPECT_EQ(adjusted_rand_index(Labels{1, 1}, Labels{2, 2}), std::nullopt);
  EXPECT_EQ(adjusted_rand_index(Labels{1, 2, 3}, Labels{4, 5, 6}), std::nullopt);
  EXPECT_EQ(
      testing::message_of<std::invalid_argument>([] { adjusted_rand_index(Labels{1}, Labels{}); }),
      "[adjusted_rand_index] lengths 1 and 0, expected equal ones");
}

TEST(EffectAgreement, IsWithinMinusBetweenOfTheSameLayers) {
  // Items 0 and 1 act alike, 2 acts against them, 3 acts on its own; all but 3 in layer 0.
  const std::vector<float> effects = {1, 0, 2, 0, -1, 0, 0, 3};
  const EffectAgreement agreement(effects, Layers{0, 0, 0, 1});
  // Within: cos(0,1) = 1. Between, layers (0,0): cos(0,2), cos(1,2) = -1.
  EXPECT_DOUBLE_EQ(*agreement(Labels{0, 0, 1, 2}), 2.0);
  // Within: (0,1) = 1, (0,3) = (1,3) = 0. Between: -1 for (0,0); (2,3) = 0 for (0,1).
  EXPECT_DOUBLE_EQ(*agreement(Labels{0, 0, 1, 0}), (2.0 + 0 + 0) / 3);
  EXPECT_EQ(agreement(Labels{0, 1, 2, 3}), std::nullopt);  // no pair in a part
  EXPECT_EQ(agreement(Labels{0, 0, 0, 0}), std::nullopt);  // none between parts
}

TEST(EffectAgreement, TakesEffectsOfZerosAsUnlikeAnything) {
  const std::vector<float> effects = {0, 0, 1, 1, 1, 1};
  const EffectAgreement agreement(effects, Layers{0, 0, 0});
  EXPECT_DOUBLE_EQ(*agreement(Labels{0, 0, 1}), 0 - 0.5);
}

TEST(EffectAgreement, RefusesSizesThatDisagree) {
  const std::vector<float> effects = {1, 2, 3};
  EXPECT_THROW(EffectAgreement(effects, Layers{0, 0}), std::invalid_argument);
  const EffectAgreement agreement(effects, Layers{0, 0, 0});
  EXPECT_THROW(agreement(Labels{0}), std::invalid_argument);
}

TEST(ShuffledParts, KeepTheSizesInEveryLayer) {
  std::mt19937_64 random(2);
  const Labels parts = {0, 0, 1, 1, 2, 0, 3, 3, 3, 4};
  const Layers layers = {0, 0, 0, 1, 1, 1, 1, 2, 2, 2};
  const auto counts = [&](const Labels& labels) {
    std::map<std::pair<std::int32_t, std::size_t>, int> counted;
    for (std::size_t i = 0; i < labels.size(); ++i) ++counted[{layers[i], labels[i]}];
    return counted;
  };
  bool moved = false;
  for (int i = 0; i < 20; ++i) {
    const Labels shuffled = shuffled_parts(parts, layers, random);
    EXPECT_EQ(counts(shuffled), counts(parts));
    moved = moved || shuffled != parts;
  }
  EXPECT_TRUE(moved);
}

TEST(BootstrapMean, ResamplesClusters) {
  // Two clusters of one value each: resamples are 0, 1/2 or 1, a quarter at each end.
  const std::vector<double> values = {0, 0, 0, 1, 1, 1};
  const auto mean = bootstrap_mean(values, Labels{7, 7, 7, 9, 9, 9});
  ASSERT_TRUE(mean);
  EXPECT_EQ(mean->mean, 0.5);
  EXPECT_EQ(mean->low, 0);
  EXPECT_EQ(mean->high, 1);
  EXPECT_EQ(mean->values, 6u);
  EXPECT_EQ(mean->clusters, 2u);
  // Six clusters: the binomial's 2.5 % point is 1 of 6.
  const auto single = bootstrap_mean(values, Labels{0, 1, 2, 3, 4, 5});
  EXPECT_NEAR(single->low, 1.0 / 6, 1e-9);
  EXPECT_NEAR(single->high, 5.0 / 6, 1e-9);
}

TEST(BootstrapMean, IsTheSameEveryTime) {
  std::vector<double> values;
  Labels clusters;
  for (std::size_t i = 0; i < 60; ++i) {
    values.push_back(std::sin(static_cast<double>(i)));
    clusters.push_back(i / 2);
  }
  const auto a = bootstrap_mean(values, clusters), b = bootstrap_mean(values, clusters);
  EXPECT_EQ(a->low, b->low);
  EXPECT_EQ(a->high, b->high);
  EXPECT_LT(a->low, a->mean);
  EXPECT_GT(a->high, a->mean);
  EXPECT_EQ(bootstrap_mean({}, {}).has_value(), false);
}

}  // namespace
}  // namespace circuit
