#include "graph/prune.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <tbb/task_arena.h>

#include "graph/influence.h"
#include "graph/threshold.h"
#include "tests/support/dense_reference.h"
#include "tests/support/graph_generator.h"
#include "tests/support/random_graph.h"
#include "tests/support/small_graph.h"
#include "tests/support/synthetic_graph.h"
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

std::vector<std::vector<std::uint8_t>> dense_edges(const AttributionGraph& graph,
                                                   const PrunedGraph& pruned) {
  std::vector<std::vector<std::uint8_t>> dense(graph.n_nodes(), Mask(graph.n_nodes(), 0));
  for (std::size_t row = 0; row < graph.n_nodes(); ++row) {
    const auto columns = graph.edges().row_columns(row);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      dense[row][static_cast<std::size_t>(columns[i])] =
          pruned.edge_mask[graph.edges().begin(row) + i];
    }
  }
  return dense;
}

RC_GTEST_PROP(Prune, EqualsTheDenseRule, ()) {
  const AttributionGraph graph = *testing::any_graph();
  const PruneOptions options{.node_threshold = *testing::any_share(),
                             .edge_threshold = *testing::any_share()};
  const PrunedGraph fast = prune(graph, options);
  const testing::DensePruned slow =
      testing::prune_dense(graph, options.node_threshold, options.edge_threshold);
  RC_ASSERT(fast.node_mask == slow.nodes);
  RC_ASSERT(dense_edges(graph, fast) == slow.edges);
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
    ASSERT_EQ(dense_edges(graph, fast), slow.edges) << "seed " << seed;
  }
}

AttributionGraph large_graph() {
  return testing::synthetic_graph(
      {.seed = 3, .n_layers = 3, .n_positions = 12, .n_active = 2600, .density = 0.8});
}

TEST(Prune, DoesNotDependOnThreads) {
  const AttributionGraph graph = large_graph();
  for (const EdgeRule rule : {EdgeRule::kWholeGraph, EdgeRule::kPerTarget}) {
    PrunedGraph first;
    for (const int threads : {1, 2, 5}) {
      tbb::task_arena(threads).execute([&] {
        const PrunedGraph pruned = prune(graph, {.edge_rule = rule});
        if (threads == 1) first = pruned;
        EXPECT_EQ(pruned.node_mask, first.node_mask);
        EXPECT_EQ(pruned.edge_mask, first.edge_mask);
        EXPECT_EQ(pruned.node_cumulative_influence, first.node_cumulative_influence);
      });
    }
    EXPECT_GT(first.kept_edges(), 1000U);
  }
}

/// Edge scores of the subgraph of `mask`, straight from their definition [edges].
std::vector<double> edge_scores(const AttributionGraph& graph, const Mask& mask) {
  const Flow flow = compute_flow(graph, {.rows = mask, .sources = mask});
  const std::vector<double> weights = graph.target_weights();
  std::vector<double> scores(graph.edges().edges(), 0.0);
  for (std::size_t row = 0; row < graph.n_nodes(); ++row) {
    for (std::size_t edge = graph.edges().begin(row); edge < graph.edges().end(row); ++edge) {
      if (flow.row_sums[row] == 0.0) continue;
      if (mask[static_cast<std::size_t>(graph.edges().columns[edge])] == 0) continue;
      scores[edge] = std::abs(static_cast<double>(graph.edges().weights[edge])) /
                     flow.row_sums[row] * (flow.influence[row] + weights[row]);
    }
  }
  return scores;
}

TEST(Prune, OfManyEdgesKeepsTheFewestThatCoverTheShare) {
  const AttributionGraph graph = large_graph();
  const PrunedGraph pruned = prune(graph, {.node_threshold = 1.0, .edge_threshold = 0.98});
  Mask all(graph.n_nodes(), 1);
  const std::vector<double> influence = compute_influence(graph);
  for (std::size_t node = 0; node < graph.first_token(); ++node) all[node] = influence[node] > 0;
  const std::vector<double> scores = edge_scores(graph, all);
  std::vector<double> sorted = scores;
  std::ranges::sort(sorted, std::greater<>());
  const double total = std::accumulate(sorted.begin(), sorted.end(), 0.0);
  double running = 0.0;
  const auto last = std::ranges::find_if(
      sorted, [&](double score) { return (running += score) >= 0.98 * total; });
  ASSERT_GT(static_cast<std::size_t>(last - sorted.begin()), kSortAtMost);
  std::size_t compared = 0;
  for (std::size_t row = 0; row < graph.n_nodes(); ++row) {
    for (std::size_t edge = graph.edges().begin(row); edge < graph.edges().end(row); ++edge) {
      const auto source = static_cast<std::size_t>(graph.edges().columns[edge]);
      if ((pruned.node_mask[row] & pruned.node_mask[source]) == 0) continue;
      // The rounding of the sum decides on the last one only.
      if (std::abs(scores[edge] - *last) < 1e-9 * *last) continue;
      ASSERT_EQ(pruned.edge_mask[edge] != 0, scores[edge] > *last) << edge;
      ++compared;
    }
  }
  EXPECT_GT(compared, graph.edges().edges() / 2);
}

TEST(Prune, KeepsErrorsThatAreNotStrongEnoughWhenAsked) {
  // 0.39 of the sum takes 1 and 6, which have a third each.
  const PruneOptions options{.node_threshold = 0.39, .edge_threshold = 1.0, .keep_errors = true};
  const PrunedGraph pruned = prune(small_graph(), options);
  // 5 and 7 have no reader and go.
  EXPECT_EQ(Mask(pruned.node_mask.begin() + 5, pruned.node_mask.begin() + 9), (Mask{0, 1, 0, 1}));
  PruneOptions without = options;
  without.keep_errors = false;
  EXPECT_EQ(prune(small_graph(), without).node_mask[8], 0);
}

TEST(Prune, KeepsAsManyNodesAsTheBudgetAllows) {
  // Influence: 1 and 6 have 1/3, 3 and 8 have 1/4, 0 has 1/12; equal ones by index.
  const auto kept = [](std::size_t max_nodes, bool keep_errors) {
    const PrunedGraph pruned = prune(
        small_graph(), {.edge_threshold = 1.0, .keep_errors = keep_errors, .max_nodes = max_nodes});
    return Mask(pruned.node_mask.begin(), pruned.node_mask.begin() + 9);
  };
  EXPECT_EQ(kept(2, false), (Mask{0, 1, 0, 0, 0, 0, 1, 0, 0}));
  EXPECT_EQ(kept(3, false), (Mask{0, 1, 0, 1, 0, 0, 1, 0, 0}));
  EXPECT_EQ(kept(100, false), (Mask{1, 1, 0, 1, 0, 0, 1, 0, 1}));
  EXPECT_EQ(kept(1, true), (Mask{0, 1, 0, 0, 0, 0, 1, 0, 1}));
}

RC_GTEST_PROP(Prune, PerTargetKeepsTheStrongestInputsOfEachNode, ()) {
  const AttributionGraph graph = *testing::any_graph();
  const double share = *testing::any_share();
  const PrunedGraph pruned = prune(
      graph, {.node_threshold = 1, .edge_threshold = share, .edge_rule = EdgeRule::kPerTarget});
  Mask all(graph.n_nodes(), 1);
  const std::vector<double> influence = compute_influence(graph);
  for (std::size_t node = 0; node < graph.first_token(); ++node) all[node] = influence[node] > 0;
  const std::vector<double> scores = edge_scores(graph, all);
  for (std::size_t row = 0; row < graph.n_nodes(); ++row) {
    if (pruned.node_mask[row] == 0) continue;
    double total = 0.0, stronger = 0.0;
    for (std::size_t e = graph.edges().begin(row); e < graph.edges().end(row); ++e) {
      total += scores[e];
    }
    for (std::size_t e = graph.edges().begin(row); e < graph.edges().end(row); ++e) {
      stronger = 0.0;
      for (std::size_t other = graph.edges().begin(row); other < graph.edges().end(row); ++other) {
        if (scores[other] > scores[e]) stronger += scores[other];
      }
      const bool source_kept =
          pruned.node_mask[static_cast<std::size_t>(graph.edges().columns[e])] != 0;
      const bool clear = std::abs(stronger - share * total) > 1e-12;
      if (!clear || scores[e] == 0.0) continue;
      RC_ASSERT((pruned.edge_mask[e] != 0) ==
                (source_kept && (stronger < share * total || share == 1.0)));
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
