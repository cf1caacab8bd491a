#include "graph/prune.h"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "graph/influence.h"
#include "tests/support/dense_reference.h"
#include "tests/support/random_graph.h"
#include "tests/support/small_graph.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::message_of;
using testing::random_graph;
using testing::small_graph;
using Mask = std::vector<std::uint8_t>;

TEST(Prune, KeepsTheNodesOfTheSmallGraphThatOneFindsByHand) {
  const PrunedGraph pruned = prune(small_graph(), {.node_threshold = 0.8, .edge_threshold = 0.98});
  EXPECT_EQ(pruned.node_mask, (Mask{0, 1, 0, 1, 0, 0, 1, 0, 1, 1, 1, 1}));
  // All eight edges between kept nodes.
  EXPECT_EQ(pruned.edge_mask, (Mask{0, 1, 1, 0, 1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(pruned.kept_nodes(), 7U);
  EXPECT_EQ(pruned.kept_edges(), 8U);
}

TEST(Prune, RemovesFeaturesThatLostAllTheyRead) {
  // Four edges of score 1/4 pass 0.6 of 13/8; features 1 and 3 then read nothing.
  const PrunedGraph pruned = prune(small_graph(), {.node_threshold = 0.8, .edge_threshold = 0.6});
  EXPECT_EQ(pruned.node_mask, (Mask{0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1}));
  EXPECT_EQ(pruned.edge_mask, (Mask{0, 0, 0, 0, 0, 0, 0, 0, 1, 1}));
}

TEST(Prune, EqualsTheDenseRuleOnRandomGraphs) {
  for (std::uint32_t seed = 0; seed < 400; ++seed) {
    const AttributionGraph graph = random_graph({.seed = seed, .ties = seed % 2 == 0});
    const double node_threshold = static_cast<double>(seed % 11) / 10.0;
    const double edge_threshold = seed % 3 == 0 ? 0.98 : static_cast<double>(seed % 7) / 6.0;
    const PrunedGraph fast =
        prune(graph, {.node_threshold = node_threshold, .edge_threshold = edge_threshold});
    const testing::DensePruned slow = testing::prune_dense(graph, node_threshold, edge_threshold);
    ASSERT_EQ(fast.node_mask, slow.nodes) << "seed " << seed;
    for (std::size_t row = 0; row < graph.n_nodes(); ++row) {
      const auto columns = graph.edges().row_columns(row);
      for (std::size_t i = 0; i < columns.size(); ++i) {
        ASSERT_EQ(fast.edge_mask[graph.edges().begin(row) + i],
                  slow.edges[row][static_cast<std::size_t>(columns[i])])
            << "seed " << seed << ", row " << row << ", column " << columns[i];
      }
    }
  }
}

TEST(Prune, AtOneKeepsEveryNodeAndEdgeWithAPositiveScore) {
  for (std::uint32_t seed = 0; seed < 100; ++seed) {
    const AttributionGraph graph = random_graph({.seed = seed, .ties = seed % 2 == 0});
    const std::vector<double> influence = compute_influence(graph);
    const PrunedGraph pruned = prune(graph, {.node_threshold = 1.0, .edge_threshold = 1.0});
    for (std::size_t node = 0; node < graph.first_token(); ++node) {
      if (influence[node] == 0.0) {
        EXPECT_EQ(pruned.node_mask[node], 0);
      } else if (graph.kind(node) == NodeKind::kError) {
        EXPECT_EQ(pruned.node_mask[node], 1) << "seed " << seed << ", node " << node;
      }
    }
    for (std::size_t edge = 0; edge < graph.edges().edges(); ++edge) {
      if (graph.edges().weights[edge] != 0.0F) continue;
      EXPECT_EQ(pruned.edge_mask[edge], 0);
    }
  }
}

TEST(Prune, AtOneKeepsScoresThatVanishInTheSum) {
  AttributionGraph graph = small_graph();
  EdgeMatrix edges = graph.edges();
  edges.weights[9] = 1e-20F;  // of 11 and error 8; the others weigh 10
  graph = AttributionGraph(graph.nodes(), std::move(edges));
  const PrunedGraph pruned = prune(graph, {.node_threshold = 1.0, .edge_threshold = 1.0});
  EXPECT_EQ(pruned.node_mask[8], 1);
  EXPECT_EQ(pruned.edge_mask[9], 1);
}

TEST(Prune, AtZeroKeepsOnlyTheStrongest) {
  const PrunedGraph pruned = prune(small_graph(), {.node_threshold = 0.0, .edge_threshold = 1.0});
  // Feature 1 and error 6 have influence 1/3 each, or rounding sets one of them apart.
  EXPECT_EQ(pruned.node_mask[3], 0);
  EXPECT_EQ(pruned.node_mask[8], 0);
  EXPECT_EQ(pruned.node_mask[1] | pruned.node_mask[6], 1);
}

TEST(Prune, KeepsTokensAndTargetsOfAGraphWithoutInfluence) {
  GraphNodes nodes = small_graph().nodes();
  nodes.targets[0].probability = 0.0;
  const AttributionGraph graph(std::move(nodes), small_graph().edges());
  for (const double threshold : {0.0, 0.8, 1.0}) {
    const PrunedGraph pruned =
        prune(graph, {.node_threshold = threshold, .edge_threshold = threshold});
    EXPECT_EQ(pruned.node_mask, (Mask{0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1}));
    EXPECT_EQ(pruned.kept_edges(), 0U);
    EXPECT_EQ(pruned.node_cumulative_influence, std::vector<float>(12, 1.0F));
  }
}

TEST(Prune, KeepsNoEdgesWhenNoKeptNodeReachesATarget) {
  // A token far behind weak features has the largest influence of all; alone it leaves no edges.
  GraphNodes nodes = small_graph().nodes();
  EdgeMatrix edges{.row_offsets = {0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 4},
                   .columns = {9, 9, 0, 1},
                   .weights = {1, 1, 1, 1}};
  const AttributionGraph graph(std::move(nodes), std::move(edges));
  const PrunedGraph pruned = prune(graph, {.node_threshold = 0.0, .edge_threshold = 0.98});
  EXPECT_EQ(pruned.node_mask, (Mask{0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(pruned.kept_edges(), 0U);
}

TEST(Prune, RefusesThresholdsOutsideTheUnitInterval) {
  const AttributionGraph graph = small_graph();
  const auto refusal = [&](const PruneOptions& options) {
    return message_of<std::invalid_argument>([&] { prune(graph, options); });
  };
  EXPECT_EQ(refusal({.node_threshold = 1.5}),
            "[prune] node_threshold is 1.500000, expected 0 to 1");
  EXPECT_EQ(refusal({.edge_threshold = -0.1}),
            "[prune] edge_threshold is -0.100000, expected 0 to 1");
  EXPECT_EQ(refusal({.node_threshold = std::numeric_limits<double>::quiet_NaN()}),
            "[prune] node_threshold is nan, expected 0 to 1");
}

}  // namespace
}  // namespace circuit
