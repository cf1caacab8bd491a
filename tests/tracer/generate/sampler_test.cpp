#include "tracer/generate/sampler.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit::testing {
namespace {

const std::vector<float> kLogits = {std::log(0.2f), std::log(0.5f), std::log(0.1f), std::log(0.2f)};

std::map<std::int32_t, double> shares(const SamplingOptions& options, int draws = 20000) {
  Sampler sampler(options);
  std::map<std::int32_t, double> share;
  for (int i = 0; i < draws; ++i) share[sampler.choose(kLogits)] += 1.0 / draws;
  return share;
}

TEST(Sampler, TakesTheMostProbableAtTemperatureZero) {
  EXPECT_EQ(shares({}, 3).at(1), 1);
  const std::vector<float> equal = {1, 3, 3};
  EXPECT_EQ(Sampler({}).choose(equal), 1);
}

TEST(Sampler, DrawsByProbability) {
  const auto share = shares({.temperature = 1});
  EXPECT_NEAR(share.at(0), 0.2, 0.015);
  EXPECT_NEAR(share.at(1), 0.5, 0.015);
  EXPECT_NEAR(share.at(2), 0.1, 0.015);
}

TEST(Sampler, SharpensWithLowTemperature) {
  const auto share = shares({.temperature = 0.5});
  EXPECT_NEAR(share.at(1), 0.25 / (0.25 + 2 * 0.04 + 0.01), 0.015);
}

// 1 alone has 0.5; 0 (before 3, which is equal) makes 0.7.
TEST(Sampler, KeepsTheSmallestSetWithTheShare) {
  const auto share = shares({.temperature = 1, .top_p = 0.6});
  EXPECT_EQ(share.size(), 2u);
  EXPECT_NEAR(share.at(1), 0.5 / 0.7, 0.015);
  EXPECT_NEAR(share.at(0), 0.2 / 0.7, 0.015);
}

// Long enough that several beginnings of the order are sorted, against sorting all of it.
TEST(Sampler, KeepsWhatSortingEverythingWouldKeep) {
  std::vector<float> logits;
  for (int i = 0; i < 3000; ++i) logits.push_back(static_cast<float>(i * 37 % 101) / 50);
  for (const double top_p : {0.01, 0.2, 0.7, 0.999}) {
    std::vector<std::int32_t> order(logits.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, std::greater<>(),
                             [&](std::int32_t i) { return logits[static_cast<std::size_t>(i)]; });
    double total = 0;
    for (const float logit : logits) total += std::exp(static_cast<double>(logit));
    std::set<std::int32_t> kept;
    double sum = 0;
    for (std::size_t i = 0; sum < top_p * total; ++i) {
      kept.insert(order[i]);
      sum += std::exp(static_cast<double>(logits[static_cast<std::size_t>(order[i])]));
    }
    Sampler sampler({.temperature = 1, .top_p = top_p, .seed = 5});
    std::set<std::int32_t> drawn;
    for (int i = 0; i < 2000; ++i) drawn.insert(sampler.choose(logits));
    EXPECT_TRUE(std::ranges::includes(kept, drawn)) << top_p;
    if (top_p == 0.01) {
      EXPECT_EQ(drawn, kept);
    }
  }
}

TEST(Sampler, DrawsTheSameForASeed) {
  Sampler a({.temperature = 1, .seed = 7}), b({.temperature = 1, .seed = 7}),
      c({.temperature = 1, .seed = 8});
  std::vector<std::int32_t> of_a, of_b, of_c;
  for (int i = 0; i < 50; ++i) {
    of_a.push_back(a.choose(kLogits));
    of_b.push_back(b.choose(kLogits));
    of_c.push_back(c.choose(kLogits));
  }
  EXPECT_EQ(of_a, of_b);
  EXPECT_NE(of_a, of_c);
}

TEST(Sampler, RefusesOptionsWithoutMeaning) {
  const auto error = [](const SamplingOptions& options) {
    return message_of<std::invalid_argument>([&] { Sampler sampler(options); });
  };
  EXPECT_EQ(error({.temperature = -1}), "--temperature is -1.000000, expected 0 or more");
  EXPECT_EQ(error({.top_p = 0}), "--top-p is 0.000000, expected more than 0, at most 1");
}

}  // namespace
}  // namespace circuit::testing
