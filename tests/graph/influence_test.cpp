#include "graph/influence.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <tbb/task_arena.h>

#include "tests/support/dense_reference.h"
#include "tests/support/graph_generator.h"
#include "tests/support/reference_sweep.h"
#include "tests/support/small_graph.h"
#include "tests/support/synthetic_graph.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::message_of;
using testing::reference_sweep;
using testing::small_graph;
using testing::synthetic_graph;

TEST(Influence, OfTheSmallGraphIsWhatOneWorksOutByHand) {
  const std::vector<double> influence = compute_influence(small_graph());
  const std::vector<double> expected{1.0 / 12, 1.0 / 3, 0,       1.0 / 4, 0,       0,
                                     1.0 / 3,  0,       1.0 / 4, 1.0 / 4, 1.0 / 6, 0};
  ASSERT_EQ(influence.size(), expected.size());
  for (std::size_t node = 0; node < expected.size(); ++node) {
    EXPECT_NEAR(influence[node], expected[node], 1e-15) << node;
  }
}

TEST(Influence, GivesTheSmallGraphsEdgesTheScoresOneWorksOutByHand) {
  const AttributionGraph graph = small_graph(/*without_pruned_edges=*/true);
  const std::vector<double> influence = compute_influence(graph);
  const std::vector<double> weights = graph.target_weights();
  const std::vector<double> sums = row_absolute_sums(graph.edges());
  const auto score = [&](std::size_t row) {
    return 10.0 / sums[row] * (influence[row] + weights[row]);
  };
  EXPECT_NEAR(score(11), 1.0 / 4, 1e-15);
  EXPECT_NEAR(score(3), 1.0 / 8, 1e-15);
  EXPECT_NEAR(score(1), 3.0 / 16, 1e-15);
}

RC_GTEST_PROP(Influence, EqualsThePowerSeries, ()) {
  const AttributionGraph graph = *testing::any_graph();
  const std::vector<double> fast = compute_influence(graph);
  const testing::Matrix matrix = testing::normalise(testing::dense_adjacency(graph));
  const testing::Row slow = testing::influence_by_powers(matrix, graph.target_weights());
  for (std::size_t node = 0; node < fast.size(); ++node) {
    RC_ASSERT(std::abs(fast[node] - slow[node]) <= 1e-14);
  }
  RC_ASSERT(fast == testing::influence_by_substitution(matrix, graph.target_weights(), graph));
}

TEST(Influence, DoesNotScaleRowsBelowTheFloorUpToOne) {
  GraphNodes nodes = small_graph().nodes();
  EdgeMatrix edges = small_graph().edges();
  for (std::size_t edge = edges.begin(11); edge < edges.end(11); ++edge) {
    edges.weights[edge] = 1e-11F;
  }
  const Flow flow = compute_flow(AttributionGraph(std::move(nodes), std::move(edges)));
  EXPECT_EQ(flow.row_sums[11], kRowFloor);
  EXPECT_NEAR(flow.influence[8], 0.1, 1e-7);
}

TEST(Flow, OfTheSmallGraphWithoutAFeatureIsWhatOneWorksOutByHand) {
  const AttributionGraph graph = small_graph();
  std::vector<std::uint8_t> mask(12, 1);
  mask[1] = 0;
  // 11 reads 3, 6 and 8; 3 reads 0 and 6.
  const Flow inside = compute_flow(graph, {.rows = mask, .sources = mask});
  EXPECT_NEAR(inside.influence[6], 1.0 / 3 + 1.0 / 6, 1e-15);
  EXPECT_EQ(inside.influence[1], 0.0);
  EXPECT_EQ(inside.row_sums[1], 0.0);
  EXPECT_EQ(inside.row_sums[11], 30.0);
  // It still takes its share, but passes nothing on to 9 and 10.
  const Flow blocked = compute_flow(graph, {.rows = mask, .sources = {}});
  EXPECT_NEAR(blocked.influence[1], 1.0 / 3, 1e-15);
  EXPECT_EQ(blocked.influence[10], 0.0);
  EXPECT_EQ(blocked.row_sums[11], 40.0);
}

TEST(Flow, EqualsOneSweepAfterTheOtherWhereThreadsShareTheWork) {
  const AttributionGraph graph = synthetic_graph(
      {.seed = 3, .n_layers = 3, .n_positions = 12, .n_active = 2600, .density = 0.8});
  ASSERT_GT(graph.edges().edges(), 400000U);
  const std::vector<double> expected =
      reference_sweep(graph.edges(), {}, graph.target_weights(), kRowFloor);
  for (const int threads : {1, 2, 5}) {
    tbb::task_arena(threads).execute([&] { EXPECT_EQ(compute_influence(graph), expected); });
  }
  std::vector<std::uint8_t> mask(graph.n_nodes(), 1), edge_mask(graph.edges().edges());
  for (std::size_t node = 0; node < graph.first_token(); node += 3) mask[node] = 0;
  for (std::size_t row = 0; row < graph.n_nodes(); ++row) {
    for (std::size_t edge = graph.edges().begin(row); edge < graph.edges().end(row); ++edge) {
      edge_mask[edge] = mask[row] & mask[static_cast<std::size_t>(graph.edges().columns[edge])];
    }
  }
  EXPECT_EQ(compute_flow(graph, {.rows = mask, .sources = mask}).influence,
            reference_sweep(graph.edges(), {}, graph.target_weights(), kRowFloor, edge_mask));
}

TEST(Flow, RefusesMasksOfAnotherSize) {
  const std::vector<std::uint8_t> mask(11, 1);
  EXPECT_EQ(message_of<std::invalid_argument>(
                [&] { compute_flow(small_graph(), {.rows = mask, .sources = {}}); }),
            "[compute_flow] mask of 11 for 12 nodes");
}

TEST(CumulativeInfluence, IsTheSharePassedInDescendingOrderWithTiesByIndex) {
  const std::vector<double> influence{0.125, 0.5, 0.0, 0.125, 0.25};
  EXPECT_EQ(cumulative_influence(influence), (std::vector<float>{0.875F, 0.5F, 1, 1, 0.75F}));
}

TEST(CumulativeInfluence, IsOneEverywhereWithoutInfluence) {
  EXPECT_EQ(cumulative_influence(std::vector<double>(3, 0.0)), std::vector<float>(3, 1.0F));
  EXPECT_TRUE(cumulative_influence({}).empty());
}

}  // namespace
}  // namespace circuit
