#include "tracer/study/evidence.h"

#include <gtest/gtest.h>

namespace circuit {
namespace {

// Intervals of statsmodels' proportion_confint, method wilson.
TEST(Evidence, GivesWilsonsIntervals) {
  const Rate half = wilson(10, 20);
  EXPECT_NEAR(half.low, 0.2993, 1e-4);
  EXPECT_NEAR(half.high, 0.7007, 1e-4);
  const Rate none = wilson(0, 20);
  EXPECT_EQ(none.low, 0.0);
  EXPECT_NEAR(none.high, 0.1611, 1e-4);
  EXPECT_EQ(wilson(0, 0).high, 0.0);
}

TEST(Evidence, ResamplesWholeClusters) {
  std::vector<double> values;
  std::vector<std::string> clusters;
  for (int cluster = 0; cluster < 40; ++cluster) {
    for (int i = 0; i < 25; ++i) {  // alike within a cluster: 40 observations, not 1,000
      values.push_back(cluster % 2);
      clusters.push_back(std::to_string(cluster));
    }
  }
  const Mean mean = cluster_mean(values, clusters);
  EXPECT_EQ(mean.value, 0.5);
  EXPECT_NEAR(mean.low, 0.345, 0.03);  // 0.5 - 1.96 * 0.5 / sqrt(40)
  EXPECT_NEAR(mean.high, 0.655, 0.03);
}

}  // namespace
}  // namespace circuit
