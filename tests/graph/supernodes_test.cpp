#include "graph/supernodes.h"

#include <cmath>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/influence.h"
#include "graph/scores.h"
#include "tests/support/random_graph.h"
#include "tests/support/small_graph.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::message_of;

PrunedGraph everything(const AttributionGraph& graph) {
  return {.node_mask = std::vector<std::uint8_t>(graph.n_nodes(), 1),
          .edge_mask = std::vector<std::uint8_t>(graph.edges().edges(), 1),
          .node_cumulative_influence = std::vector<float>(graph.n_nodes(), 1.0F),
          .options = {}};
}

const GroupedEdge* edge_between(const GroupedGraph& grouped, std::size_t source,
                                std::size_t target) {
  for (const GroupedEdge& edge : grouped.edges) {
    if (edge.source == source && edge.target == target) return &edge;
  }
  return nullptr;
}

TEST(Supernodes, CollapseTheGraphThatIsWorkedOutByHand) {
  const AttributionGraph graph = testing::small_graph();
  const std::vector<Supernode> groups = {{"low", {0, 1}}, {"errors", {6, 8}}};
  const GroupedGraph grouped = group_nodes(graph, everything(graph), groups);
  EXPECT_EQ(grouped.n_supernodes, 2u);
  ASSERT_EQ(grouped.units.size(), 2u + 8u);
  EXPECT_THAT(grouped.units[2].nodes, ElementsAre(2));   // the first node by itself
  EXPECT_THAT(grouped.units[9].nodes, ElementsAre(11));  // the target
  // 9 feeds 0 and 1, 10 feeds 1.
  const GroupedEdge* token = edge_between(grouped, /*node 9*/ 7, 0);
  ASSERT_NE(token, nullptr);
  EXPECT_EQ(token->weight, 20);
  EXPECT_EQ(token->edges, 2u);
  EXPECT_DOUBLE_EQ(token->share, 2.0 / 3);
  // 11 reads 6 and 8, both errors; 3 reads 0 and 1.
  EXPECT_EQ(edge_between(grouped, 1, 9)->magnitude, 20);
  EXPECT_EQ(edge_between(grouped, 0, /*node 3*/ 3)->weight, 20);
  EXPECT_FALSE(is_cyclic(grouped));
}

TEST(Supernodes, AddUpTheInfluenceOfTheirMembers) {
  const AttributionGraph graph = testing::small_graph();
  const GroupedGraph grouped =
      group_nodes(graph, everything(graph), std::vector<Supernode>{{"low", {0, 1}}});
  const std::vector<double> influence = compute_influence(graph);
  EXPECT_DOUBLE_EQ(grouped.influence[0], influence[0] + influence[1]);
  EXPECT_DOUBLE_EQ(grouped.influence[1], influence[2]);
}

TEST(Supernodes, CanFeedEachOther) {
  const AttributionGraph graph = testing::small_graph();
  // 1 feeds 3 and 0 feeds 3, 3 feeds 11: {1, 11} reads 3 and feeds it.
  const GroupedGraph grouped =
      group_nodes(graph, everything(graph), std::vector<Supernode>{{"ends", {1, 11}}});
  EXPECT_TRUE(is_cyclic(grouped));
  EXPECT_EQ(grouped.inner_magnitude[0], 10);  // 1 -> 11
}

std::vector<Supernode> random_groups(const AttributionGraph& graph, std::mt19937& random) {
  std::vector<Supernode> groups(3);
  for (std::size_t node = 0; node < graph.n_nodes(); ++node) {
    const std::size_t group = random() % 4;
    if (group < 3) groups[group].nodes.push_back(node);
  }
  for (std::size_t i = 0; i < 3; ++i) groups[i].name = "group " + std::to_string(i);
  std::erase_if(groups, [](const Supernode& group) { return group.nodes.empty(); });
  return groups;
}

TEST(Supernodes, KeepEveryKeptNodeOnceAndAllWeight) {
  std::mt19937 random(1);
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    const AttributionGraph graph = testing::random_graph({.seed = seed});
    const std::vector<Supernode> groups = random_groups(graph, random);
    const GroupedGraph grouped = group_nodes(graph, everything(graph), groups);
    std::multiset<std::size_t> nodes;
    std::map<std::size_t, std::size_t> unit_of;
    for (std::size_t unit = 0; unit < grouped.units.size(); ++unit) {
      for (const std::size_t node : grouped.units[unit].nodes) {
        nodes.insert(node);
        unit_of[node] = unit;
      }
    }
    EXPECT_EQ(nodes.size(), graph.n_nodes());
    EXPECT_EQ(std::set<std::size_t>(nodes.begin(), nodes.end()).size(), graph.n_nodes());
    // The definition: every pair of units, every edge of the graph.
    std::map<std::pair<std::size_t, std::size_t>, std::pair<double, double>> sums;
    for (std::size_t row = 0; row < graph.n_nodes(); ++row) {
      const auto columns = graph.edges().row_columns(row);
      const auto weights = graph.edges().row_weights(row);
      for (std::size_t i = 0; i < columns.size(); ++i) {
        const std::size_t source = unit_of.at(static_cast<std::size_t>(columns[i]));
        if (source == unit_of.at(row)) continue;
        auto& [weight, magnitude] = sums[{source, unit_of.at(row)}];
        weight += weights[i];
        magnitude += std::abs(static_cast<double>(weights[i]));
      }
    }
    ASSERT_EQ(grouped.edges.size(), sums.size()) << "seed " << seed;
    for (const GroupedEdge& edge : grouped.edges) {
      const auto& [weight, magnitude] = sums.at({edge.source, edge.target});
      EXPECT_DOUBLE_EQ(edge.weight, weight);
      EXPECT_DOUBLE_EQ(edge.magnitude, magnitude);
    }
  }
}

TEST(Supernodes, LeaveOutWhatPruningDropped) {
  const AttributionGraph graph = testing::small_graph();
  PrunedGraph pruned = everything(graph);
  pruned.node_mask[0] = 0;
  pruned.edge_mask[6] = 0;  // 1 -> 11
  const GroupedGraph grouped = group_nodes(graph, pruned, std::vector<Supernode>{{"both", {1, 3}}});
  EXPECT_EQ(grouped.units.size(), 10u);
  const std::size_t target = grouped.units.size() - 1;
  EXPECT_EQ(edge_between(grouped, 0, target)->weight, 10);  // 3 -> 11 alone
}

TEST(Supernodes, ScoreAsTheirFeaturesOnTheUngroupedGraph) {
  const AttributionGraph graph = testing::small_graph();
  const std::vector<Supernode> groups = {{"one", {1}}, {"tokens", {9, 10}}};
  EXPECT_THAT(supernode_mask(graph, groups), ElementsAre(0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1));
  // Node 3's and node 0's mass has moved to errors: 11 reads 1 and three errors.
  const Scores scores = compute_scores(graph, supernode_mask(graph, groups));
  ASSERT_TRUE(scores.replacement);
  EXPECT_DOUBLE_EQ(*scores.replacement, 0.25);
}

TEST(Supernodes, RefuseWhatIsNoPartition) {
  const AttributionGraph graph = testing::small_graph();
  PrunedGraph pruned = everything(graph);
  pruned.node_mask[4] = 0;
  const auto message = [&](std::vector<Supernode> groups) {
    return message_of<std::invalid_argument>([&] { group_nodes(graph, pruned, groups); });
  };
  EXPECT_EQ(message({{"", {1}}}), "[supernodes] group '' has no name");
  EXPECT_EQ(message({{"a", {}}}), "[supernodes] group 'a' has no member");
  EXPECT_EQ(message({{"a", {1}}, {"a", {2}}}), "[supernodes] group 'a' comes twice");
  EXPECT_EQ(message({{"a", {2, 1}}}), "[supernodes] group 'a' has members out of order");
  EXPECT_EQ(message({{"a", {12}}}), "[supernodes] group 'a' holds node 12, the graph has none");
  EXPECT_EQ(message({{"a", {4}}}), "[supernodes] group 'a' holds node 4, which is not kept");
  EXPECT_EQ(message({{"a", {1, 1}}}), "[supernodes] group 'a' holds node 1 twice");
  EXPECT_EQ(message({{"a", {1}}, {"b", {0, 1}}}),
            "[supernodes] group 'b' holds node 1, which is in group 'a' too");
  pruned.edge_mask.pop_back();
  EXPECT_THAT(message({}), HasSubstr("[group_nodes] masks of 12 nodes and 9 edges"));
}

}  // namespace
}  // namespace circuit
