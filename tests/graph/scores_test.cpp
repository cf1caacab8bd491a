#include "graph/scores.h"

#include <cmath>
#include <stdexcept>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/dense_reference.h"
#include "tests/support/random_graph.h"
#include "tests/support/small_graph.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::random_graph;
using testing::small_graph;
using Mask = std::vector<std::uint8_t>;

TEST(Scores, OfTheSmallGraphAreWhatOneWorksOutByHand) {
  const Scores scores = compute_scores(small_graph());
  EXPECT_NEAR(scores.replacement.value(), 5.0 / 12, 1e-15);
  EXPECT_NEAR(scores.completeness.value(), 25.0 / 32, 1e-15);
}

TEST(Scores, CountARemovedFeatureAsTheErrorOfItsLayerAndPosition) {
  // Without feature 1 the target reads errors 6 (twice) and 8 and feature 3; feature 3 reads 0 and
  // error 6 twice. Influence: 3: 1/4, 0: 1/12, token 9: 1/12, error 6: 2/4 + 2/12, error 8: 1/4.
  const Scores scores = compute_scores(small_graph(), Mask{1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
  EXPECT_NEAR(scores.replacement.value(), (1.0 / 12) / (1.0 / 12 + 8.0 / 12 + 3.0 / 12), 1e-15);
  // Weights: target 1 (a quarter explained), 3: 1/4 (a third), the rest explained.
  const double total = 1 + 1.0 / 4 + 1.0 / 12 + 1.0 / 12 + 8.0 / 12 + 3.0 / 12;
  const double explained = total - 3.0 / 4 - 2.0 / 3 / 4;
  EXPECT_NEAR(scores.completeness.value(), explained / total, 1e-15);
}

TEST(Scores, DoNotChangeWhenOnlyErrorsAreMasked) {
  const AttributionGraph graph = small_graph();
  const Scores whole = compute_scores(graph);
  const Scores masked = compute_scores(graph, Mask{1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1});
  EXPECT_EQ(masked.replacement, whole.replacement);
  EXPECT_EQ(masked.completeness, whole.completeness);
}

TEST(Scores, EqualTheDenseFormulasOnRandomGraphsAndMasks) {
  std::size_t compared = 0;
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    const AttributionGraph graph = random_graph({.seed = seed, .ties = seed % 2 == 0});
    Mask mask(graph.n_nodes(), 1);
    for (std::size_t node = 0; node < graph.n_features(); ++node) {
      mask[node] = (node * 7 + seed) % 3 == 0 ? 0 : 1;
    }
    for (const Mask& kept : {Mask(graph.n_nodes(), 1), mask}) {
      const Scores fast = compute_scores(graph, kept);
      const testing::DenseScores slow = testing::scores_dense(graph, kept);
      EXPECT_EQ(fast.replacement.has_value(), !std::isnan(slow.replacement)) << seed;
      if (!fast.replacement || !fast.completeness) continue;
      ASSERT_NEAR(*fast.replacement, slow.replacement, 1e-13) << seed;
      ASSERT_NEAR(*fast.completeness, slow.completeness, 1e-13) << seed;
      ++compared;
    }
  }
  EXPECT_GT(compared, 400U);
}

TEST(Scores, OfAllNodesAreThoseOfTheWholeGraph) {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const AttributionGraph graph = random_graph({.seed = seed});
    const Scores whole = compute_scores(graph);
    const Scores masked = compute_scores(graph, Mask(graph.n_nodes(), 1));
    EXPECT_EQ(masked.replacement, whole.replacement);
    EXPECT_EQ(masked.completeness, whole.completeness);
  }
}

TEST(Scores, AreEmptyWithoutInfluence) {
  GraphNodes nodes = small_graph().nodes();
  nodes.targets[0].probability = 0.0;
  const Scores weightless = compute_scores(AttributionGraph(nodes, small_graph().edges()));
  EXPECT_FALSE(weightless.replacement.has_value());
  EXPECT_FALSE(weightless.completeness.has_value());

  EdgeMatrix no_edges;
  no_edges.row_offsets.assign(13, 0);
  const Scores edgeless =
      compute_scores(AttributionGraph(small_graph().nodes(), std::move(no_edges)));
  EXPECT_FALSE(edgeless.replacement.has_value());
  EXPECT_FALSE(edgeless.completeness.has_value());
}

TEST(Scores, HaveNoReplacementWhenAllInfluenceEndsAtFeatures) {
  EdgeMatrix edges{
      .row_offsets = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, .columns = {3}, .weights = {1}};
  const Scores scores = compute_scores(AttributionGraph(small_graph().nodes(), std::move(edges)));
  EXPECT_FALSE(scores.replacement.has_value());
  EXPECT_EQ(scores.completeness.value(), 1.0);
}

TEST(Scores, RefuseAMaskOfAnotherSize) {
  EXPECT_EQ(
      testing::message_of<std::invalid_argument>([] { compute_scores(small_graph(), Mask(3, 1)); }),
      "[compute_scores] mask of 3 for 12 nodes");
}

}  // namespace
}  // namespace circuit
