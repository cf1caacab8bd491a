#include "graph/influence.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/dense_reference.h"
#include "tests/support/random_graph.h"
#include "tests/support/small_graph.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::message_of;
using testing::random_graph;
using testing::small_graph;

std::vector<std::int64_t> all_rows(const AttributionGraph& graph) {
  std::vector<std::int64_t> rows(graph.n_nodes());
  std::iota(rows.begin(), rows.end(), std::int64_t{0});
  return rows;
}

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

TEST(Influence, EqualsThePowerSeriesOnRandomGraphs) {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    const AttributionGraph graph = random_graph({.seed = seed, .ties = seed % 2 == 0});
    const std::vector<double> fast = compute_influence(graph);
    const testing::Matrix matrix = testing::normalise(testing::dense_adjacency(graph));
    const testing::Row slow = testing::influence_by_powers(matrix, graph.target_weights());
    for (std::size_t node = 0; node < fast.size(); ++node) {
      ASSERT_NEAR(fast[node], slow[node], 1e-14) << "seed " << seed << ", node " << node;
    }
    EXPECT_EQ(fast, testing::influence_by_substitution(matrix, graph.target_weights(), graph));
  }
}

TEST(Influence, OfSomeRowsInAnyOrderLeavesTheOthersAsSinks) {
  const AttributionGraph graph = small_graph();
  // Rows of nodes 1 and 11 only, the lower first.
  EdgeMatrix edges{.row_offsets = {0, 2, 6}, .columns = {9, 10, 1, 3, 6, 8}, .weights = {}};
  edges.weights.assign(6, -2.0F);
  const std::vector<std::int64_t> rows{1, 11};
  const std::vector<double> influence =
      sweep_influence(edges, rows, graph.target_weights(), kRowFloor);
  EXPECT_EQ(influence,
            (std::vector<double>{0, 0.25, 0, 0.25, 0, 0, 0.25, 0, 0.25, 0.125, 0.125, 0}));
}

TEST(Influence, LeavesMaskedEdgesOutBeforeNormalising) {
  const AttributionGraph graph = small_graph();
  std::vector<std::uint8_t> mask(graph.edges().edges(), 1);
  mask[0] = 0;  // node 0 reads 9
  mask[3] = 0;  // node 3 reads 0
  EXPECT_EQ(
      sweep_influence(graph.edges(), all_rows(graph), graph.target_weights(), kRowFloor, mask),
      compute_influence(small_graph(/*without_pruned_edges=*/true)));
}

TEST(Influence, DoesNotScaleRowsBelowTheFloorUpToOne) {
  const EdgeMatrix edges{.row_offsets = {0, 2}, .columns = {0, 1}, .weights = {1e-3F, 3e-3F}};
  const std::vector<std::int64_t> rows{2};
  const std::vector<double> weights{0, 0, 1};
  EXPECT_NEAR(sweep_influence(edges, rows, weights, /*row_floor=*/1e-2)[1], 0.3, 1e-7);
  EXPECT_NEAR(sweep_influence(edges, rows, weights, /*row_floor=*/1e-10)[1], 0.75, 1e-7);
}

TEST(Influence, RefusesRowsThatAreNotTopological) {
  const EdgeMatrix edges{.row_offsets = {0, 1, 2}, .columns = {1, 0}, .weights = {1, 1}};
  const std::vector<double> weights{0, 0, 1};
  const auto refusal = [&](const std::vector<std::int64_t>& rows,
                           const std::vector<std::uint8_t>& mask = {}) {
    return message_of<std::invalid_argument>(
        [&] { sweep_influence(edges, rows, weights, kRowFloor, mask); });
  };
  EXPECT_EQ(refusal({0, 1}),
            "[sweep_influence] the row of node 0 reads node 1, expected one that comes before it");
  EXPECT_EQ(refusal({2, 2}), "[sweep_influence] node 2 has two rows");
  EXPECT_EQ(refusal({2, 3}), "[sweep_influence] row of node 3, expected one below 3");
  EXPECT_EQ(refusal({2}), "[sweep_influence] 1 row nodes for 2 rows");
  EXPECT_EQ(refusal({2, 1}, {1}), "[sweep_influence] mask of 1 for 2 edges");
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
