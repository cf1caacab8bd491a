#include "graph/linkage.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit {
namespace {

using ::testing::ElementsAre;
using Clusters = std::vector<std::vector<std::size_t>>;

/// The definition: look at all pairs of clusters, merge the best, start anew.
Clusters cluster_slowly(std::size_t n, const std::vector<AlikePair>& pairs, double least) {
  std::vector<std::vector<double>> similarity(n, std::vector<double>(n, 0.0));
  for (const AlikePair& pair : pairs) {
    similarity[pair.first][pair.second] = similarity[pair.second][pair.first] = pair.similarity;
  }
  Clusters clusters(n);
  for (std::size_t i = 0; i < n; ++i) clusters[i] = {i};
  while (true) {
    double best = least;
    std::size_t first = n, second = n;
    for (std::size_t a = 0; a < clusters.size(); ++a) {
      for (std::size_t b = a + 1; b < clusters.size(); ++b) {
        double sum = 0;
        for (const std::size_t i : clusters[a]) {
          for (const std::size_t j : clusters[b]) sum += similarity[i][j];
        }
        const double mean = sum / static_cast<double>(clusters[a].size() * clusters[b].size());
        if (mean > best || (mean == best && first == n))
          std::tie(best, first, second) = std::tuple(mean, a, b);
      }
    }
    if (first == n) return clusters;
    clusters[first].insert(clusters[first].end(), clusters[second].begin(), clusters[second].end());
    std::ranges::sort(clusters[first]);
    clusters.erase(clusters.begin() + static_cast<std::ptrdiff_t>(second));
  }
}

TEST(Linkage, EqualsTheDefinitionOnRandomPairs) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    const std::size_t n = 1 + random() % 12;
    std::vector<AlikePair> pairs;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = i + 1; j < n; ++j) {
        // Powers of two and their sums, so that means are exact and ties are ties.
        if (random() % 2 == 0) pairs.push_back({i, j, static_cast<double>(random() % 17) / 16});
      }
    }
    std::ranges::shuffle(pairs, random);
    EXPECT_EQ(cluster(n, pairs, 0.375), cluster_slowly(n, pairs, 0.375)) << "round " << round;
  }
}

TEST(Linkage, DoesNotChain) {
  // Neighbours of a chain are alike, its ends are not: linking single pairs would join all.
  const std::vector<AlikePair> chain = {{0, 1, 0.9}, {1, 2, 0.8}, {2, 3, 0.9}};
  EXPECT_THAT(cluster(4, chain, 0.5), ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3)));
}

TEST(Linkage, BreaksTiesByTheSmallestMembers) {
  const std::vector<AlikePair> pairs = {{1, 2, 0.75}, {0, 1, 0.75}};
  EXPECT_THAT(cluster(3, pairs, 0.5), ElementsAre(ElementsAre(0, 1), ElementsAre(2)));
}

TEST(Linkage, LeavesItemsWithoutPairsAlone) {
  EXPECT_THAT(cluster(2, {}, 0.5), ElementsAre(ElementsAre(0), ElementsAre(1)));
  EXPECT_TRUE(cluster(0, {}, 0.5).empty());
}

TEST(Linkage, RefusesPairsAndThresholdsThatMakeNoSense) {
  using testing::message_of;
  const auto message = [](std::vector<AlikePair> pairs, double least) {
    return message_of<std::invalid_argument>([&] { cluster(3, pairs, least); });
  };
  EXPECT_THAT(message({{1, 1, 0.5}}, 0.5), ::testing::StartsWith("[cluster] pair (1, 1)"));
  EXPECT_THAT(message({{1, 3, 0.5}}, 0.5), ::testing::StartsWith("[cluster] pair (1, 3)"));
  EXPECT_THAT(message({{1, 2, std::nan("")}}, 0.5), ::testing::StartsWith("[cluster] pair (1, 2)"));
  EXPECT_THAT(message({}, 0), ::testing::StartsWith("[cluster] threshold 0"));
}

}  // namespace
}  // namespace circuit
