#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "graph/influence.h"
#include "graph/prune.h"
#include "tests/support/random_attention.h"
#include "tests/support/random_graph.h"
#include "tests/support/reference_sweep.h"
#include "tests/support/small_graph.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::random_graph;
using testing::small_graph;

TEST(Compact, LeavesTheKeptNodesAndEdgesOfTheSmallGraph) {
  const AttributionGraph graph = small_graph();
  const AttributionGraph small = compact(graph, prune(graph));
  EXPECT_EQ(small.nodes().active_features.size(), 5U);
  EXPECT_EQ(small.nodes().selected_features, (std::vector<std::int32_t>{1, 3}));
  EXPECT_EQ(small.n_nodes(), 9U);  // 2 features, 4 errors, 2 tokens, 1 target
  EXPECT_EQ(small.edges().row_offsets, (std::vector<std::int64_t>{0, 2, 4, 4, 4, 4, 4, 4, 4, 8}));
  EXPECT_EQ(small.edges().columns, (std::vector<std::int32_t>{6, 7, 0, 3, 0, 1, 3, 5}));
  EXPECT_EQ(small.activation(1), 8.0F);
}

TEST(Compact, KeepsEverythingOfARandomGraphThatBelongsToKeptNodes) {
  for (std::uint32_t seed = 0; seed < 100; ++seed) {
    const AttributionGraph graph = random_graph({.seed = seed});
    const PrunedGraph pruned = prune(graph);
    const AttributionGraph small = compact(graph, pruned);
    EXPECT_EQ(small.edges().edges(), pruned.kept_edges());
    std::size_t next = 0;
    for (std::size_t node = 0; node < graph.n_nodes(); ++node) {
      if (node < graph.n_features() && pruned.node_mask[node] == 0) continue;
      const Node before = graph.node(node), after = small.node(next);
      EXPECT_EQ(after.kind, before.kind);
      EXPECT_EQ(after.layer, before.layer);
      EXPECT_EQ(after.position, before.position);
      EXPECT_EQ(after.feature, before.feature);
      EXPECT_EQ(small.row_dropped()[next], graph.row_dropped()[node]);
      if (before.kind == NodeKind::kFeature) {
        EXPECT_EQ(small.row_totals().totals[next], graph.row_totals().totals[node]);
      }
      ++next;
    }
    EXPECT_EQ(next, small.n_nodes());
    EXPECT_EQ(small.row_totals().pre_activations.size(), small.n_features() + small.n_targets());
    EXPECT_EQ(small.row_totals().pre_activations.back(), graph.row_totals().pre_activations.back());
    EXPECT_EQ(small.provenance().prompt, graph.provenance().prompt);
    for (const auto& [first, second] : small.similarity().pairs) EXPECT_LT(first, second);
  }
}

TEST(Compact, GivesTheInfluenceOfTheMaskedGraph) {
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    const AttributionGraph graph = random_graph({.seed = seed});
    const PrunedGraph pruned = prune(graph);
    const std::vector<double> masked = testing::reference_sweep(
        graph.edges(), {}, graph.target_weights(), kRowFloor, pruned.edge_mask);
    std::vector<double> kept;
    for (std::size_t node = 0; node < graph.n_nodes(); ++node) {
      if (node >= graph.n_features() || pruned.node_mask[node] != 0) kept.push_back(masked[node]);
    }
    EXPECT_EQ(compute_influence(compact(graph, pruned)), kept) << seed;
  }
}

TEST(Compact, KeepsTheHeadsOfKeptEdgesAndEveryScoreTable) {
  for (std::uint32_t seed = 0; seed < 100; ++seed) {
    AttributionGraph graph = random_graph({.seed = seed});
    graph.set_attention(testing::random_attention(graph, seed));
    const PrunedGraph pruned = prune(graph);
    const AttributionGraph small = compact(graph, pruned);
    EdgeHeads expected;
    std::size_t next = 0;
    for (std::size_t edge = 0; edge < graph.edges().edges(); ++edge) {
      if (pruned.edge_mask[edge] == 0) continue;
      const auto parts = graph.attention().edge_heads.find(edge);
      if (!parts.empty()) expected.add(next, parts);
      ++next;
    }
    EXPECT_TRUE(testing::same_heads(small.attention().edge_heads, expected)) << seed;
    EXPECT_TRUE(testing::same_tables(small.attention(), graph.attention())) << seed;
  }
}

TEST(Compact, RefusesMasksOfAnotherGraph) {
  const AttributionGraph graph = small_graph();
  PrunedGraph pruned = prune(graph);
  pruned.edge_mask.pop_back();
  EXPECT_EQ(testing::message_of<std::invalid_argument>([&] { compact(graph, pruned); }),
            "[compact] masks of 12 nodes and 9 edges, the graph has 12 and 10");
}

}  // namespace
}  // namespace circuit
