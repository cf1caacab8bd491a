#include "tracer/validity/feature_orders.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "graph/influence.h"
#include "tests/tracer/validity/pair_setup.h"

namespace circuit::testing {
namespace {

TEST(FeatureOrders, ActivationTimesTheNormOfAllThatAFeatureWrites) {
  for (const TinyCase& tiny : all_tiny_cases()) {
    if (tiny.name != "llama_clt_relu" && tiny.name != "llama_plt_relu") continue;
    SCOPED_TRACE(tiny.name);
    const PairSetup pair(tiny);
    const std::vector<double> scores = activation_scores(pair.prompt, *pair.graph);
    ASSERT_EQ(scores.size(), pair.graph->n_features());
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const Node node = pair.graph->node(i);
      const at::Tensor rows = pair.setup.transcoders->decoder_rows(
          node.layer, at::tensor({std::int64_t{node.feature}}));
      EXPECT_NEAR(scores[i], pair.graph->activation(i) * rows.norm().item<double>(),
                  1e-5 * scores[i]);
    }
  }
}

// Without paths through other features influence is the direct edge.
TEST(FeatureOrders, DirectEdgesAreTheInfluenceOfTheLastLayer) {
  const PairSetup pair(all_tiny_cases().front());
  const std::vector<double> scores = direct_edge_scores(*pair.graph);
  const std::vector<double> influence = compute_influence(*pair.graph);
  std::size_t compared = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    EXPECT_LE(scores[i], influence[i] + 1e-12);
    if (pair.graph->node(i).layer + 1 < pair.prompt.n_layers()) continue;
    EXPECT_NEAR(scores[i], influence[i], 1e-12);
    ++compared;
  }
  EXPECT_GT(compared, 5u);
}

TEST(FeatureOrders, DescendWithTiesByIndex) {
  EXPECT_EQ(descending_order(std::vector<double>{1, 3, 3, 0}),
            (std::vector<std::size_t>{1, 2, 0, 3}));
}

TEST(FeatureOrders, ShuffleAllBySeed) {
  std::vector<std::size_t> order = random_order(50, 3);
  EXPECT_EQ(order, random_order(50, 3));
  EXPECT_NE(order, random_order(50, 4));
  std::ranges::sort(order);
  for (std::size_t i = 0; i < order.size(); ++i) EXPECT_EQ(order[i], i);
}

}  // namespace
}  // namespace circuit::testing
