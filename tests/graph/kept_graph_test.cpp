#include "graph/kept_graph.h"

#include <map>
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/support/synthetic_graph.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

TEST(KeptGraph, HasTheKeptNodesAndEdges) {
  const AttributionGraph graph = testing::synthetic_graph();
  const PrunedGraph pruned = prune(graph);
  const KeptGraph kept = kept_graph(graph, pruned);
  EXPECT_EQ(kept.nodes.size(), pruned.kept_nodes());
  EXPECT_EQ(kept.edges.size(), pruned.kept_edges());
}

TEST(KeptGraph, SharesOfEachTargetAddUpToOne) {
  const AttributionGraph graph = testing::synthetic_graph();
  std::map<std::size_t, double> sums;
  for (const KeptEdge& edge : kept_graph(graph, prune(graph)).edges) {
    sums[edge.target] += edge.share;
  }
  ASSERT_FALSE(sums.empty());
  for (const auto& [target, sum] : sums) EXPECT_NEAR(sum, 1, 1e-12);  // a sum of 1 000 doubles
}

TEST(KeptGraph, LeavesOutEdgesOfNodesThatAreNotKept) {
  const AttributionGraph graph = testing::synthetic_graph();
  PrunedGraph pruned = prune(graph, {1, 1});
  pruned.node_mask[0] = 0;
  for (const KeptEdge& edge : kept_graph(graph, pruned).edges) {
    EXPECT_NE(edge.source, 0u);
    EXPECT_NE(edge.target, 0u);
  }
}

TEST(KeptGraph, RefusesMasksOfAnotherSize) {
  const AttributionGraph graph = testing::synthetic_graph();
  const std::string nodes = std::to_string(graph.n_nodes());
  const auto message = [&](auto change) {
    PrunedGraph pruned = prune(graph);
    change(pruned);
    return testing::message_of<std::invalid_argument>([&] { kept_graph(graph, pruned); });
  };
  EXPECT_EQ(message([](PrunedGraph& p) { p.node_mask.clear(); }),
            "[kept_graph] node_mask has 0 entries, the graph has " + nodes);
  EXPECT_EQ(message([](PrunedGraph& p) { p.edge_mask.clear(); }),
            "[kept_graph] edge_mask has 0 entries, the graph has " +
                std::to_string(graph.edges().edges()));
  EXPECT_EQ(message([](PrunedGraph& p) { p.node_cumulative_influence.clear(); }),
            "[kept_graph] node_cumulative_influence has 0 entries, the graph has " + nodes);
}

}  // namespace
}  // namespace circuit
