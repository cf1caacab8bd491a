#include "graph/compare.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/support/graph_generator.h"
#include "tests/support/small_graph.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

PrunedGraph everything(const AttributionGraph& graph) {
  PrunedGraph pruned;
  pruned.node_mask.assign(graph.n_nodes(), 1);
  pruned.edge_mask.assign(graph.edges().edges(), 1);
  pruned.node_cumulative_influence.assign(graph.n_nodes(), 0.5F);
  return pruned;
}

/// The small graph with other nodes: feature 4 instead of 2 at (0, 1), target 8 instead of 7.
AttributionGraph other_graph() {
  const AttributionGraph graph = testing::small_graph();
  GraphNodes nodes = graph.nodes();
  nodes.active_features[1] = {0, 1, 4};
  nodes.activation_values[0] = 4;
  nodes.targets[0].token_id = 8;
  EdgeMatrix edges = graph.edges();
  edges.weights[3] = 30;  // 3 reads 0, 1, 6
  edges.weights[5] = -10;
  return {nodes, edges};
}

TEST(Compare, FindsAGraphEqualToItself) {
  const AttributionGraph graph = testing::small_graph();
  const PrunedGraph kept = everything(graph);
  const Comparison same = compare({graph, kept}, {graph, kept}, align_prompts(graph, graph));
  EXPECT_EQ(same.nodes.both, graph.n_nodes());
  EXPECT_EQ(same.nodes.only_a + same.nodes.only_b, 0u);
  EXPECT_EQ(same.graph.edges().columns, graph.edges().columns);
  EXPECT_EQ(same.graph.edges().weights, graph.edges().weights);
  for (const ComparedEdge& edge : same.edges) {
    EXPECT_EQ(edge.side, Side::kBoth);
    EXPECT_EQ(edge.share_a, edge.share_b);
  }
}

/// The small graph with a target that is a feature, at its last position or the one before.
AttributionGraph with_feature_target(std::int32_t position) {
  const AttributionGraph graph = testing::small_graph();
  GraphNodes nodes = graph.nodes();
  nodes.targets.push_back({.kind = TargetKind::kFeature,
                           .probability = 1,
                           .label = "L1/9",
                           .display = "L1/9",
                           .position = position,
                           .layer = 1,
                           .feature = 9});
  EdgeMatrix edges = graph.edges();
  edges.columns.push_back(0);
  edges.weights.push_back(10);
  edges.row_offsets.push_back(static_cast<std::int64_t>(edges.columns.size()));
  return {nodes, edges};
}

TEST(Compare, MatchesTargetsThatAreFeaturesByTheirColumns) {
  const AttributionGraph a = with_feature_target(1), b = with_feature_target(0);
  const PrunedGraph kept_a = everything(a), kept_b = everything(b);
  const Comparison same = compare({a, kept_a}, {a, kept_a}, align_prompts(a, a));
  EXPECT_EQ(same.graph.n_targets(), 2u);
  const Comparison both = compare({a, kept_a}, {b, kept_b}, align_prompts(a, b));
  ASSERT_EQ(both.graph.n_targets(), 3u);
  EXPECT_EQ(both.graph.nodes().targets[1].position, 1);
  EXPECT_EQ(both.graph.nodes().targets[2].position, 0);
  EXPECT_EQ(both.graph.read_layer(both.graph.n_nodes() - 1), 1);
}

TEST(Compare, TellsApartWhatOnlyOneHas) {
  const AttributionGraph a = testing::small_graph(), b = other_graph();
  const PrunedGraph kept_a = everything(a), kept_b = everything(b);
  const Comparison both = compare({a, kept_a}, {b, kept_b}, align_prompts(a, b));
  EXPECT_EQ(both.graph.n_features(), 6u);
  EXPECT_EQ(both.graph.n_targets(), 2u);
  EXPECT_EQ(both.nodes.both, 10u);
  EXPECT_EQ(both.nodes.only_a, 2u);
  EXPECT_EQ(both.nodes.only_b, 2u);
  EXPECT_EQ(both.features.both, 4u);
  EXPECT_EQ(both.node_sides[1], Side::kOnlyA);
  EXPECT_EQ(both.node_sides[2], Side::kOnlyB);
  EXPECT_EQ(both.graph.activation(0), 3);  // 2 and 4
}

TEST(Compare, MeasuresEdgesInSharesOfTheTargetsInput) {
  const AttributionGraph a = testing::small_graph(), b = other_graph();
  const PrunedGraph kept_a = everything(a), kept_b = everything(b);
  const Comparison both = compare({a, kept_a}, {b, kept_b}, align_prompts(a, b));
  const auto edge = [&](std::size_t source, std::size_t target) {
    for (const ComparedEdge& found : both.edges) {
      if (found.source == source && found.target == target) return found;
    }
    throw std::runtime_error("no such edge");
  };
  const ComparedEdge common = edge(0, 4);  // feature (1, 1, 4) reads feature (0, 0, 1)
  EXPECT_EQ(common.side, Side::kBoth);
  EXPECT_DOUBLE_EQ(common.share_a, 10.0 / 30);
  EXPECT_DOUBLE_EQ(common.share_b, 30.0 / 50);
  EXPECT_EQ(common.weight_a, 10);
  EXPECT_EQ(common.weight_b, 30);
  EXPECT_EQ(both.graph.edges().row_weights(4)[0], 20);
  EXPECT_EQ(edge(1, 4).side, Side::kOnlyA);
  EXPECT_EQ(edge(2, 4).side, Side::kOnlyB);
  EXPECT_EQ(edge(2, 4).share_a, 0);
  EXPECT_DOUBLE_EQ(edge(7, 4).share_b, -10.0 / 50);  // error of layer 0 at 1
}

TEST(Compare, LeavesOutWhatIsNotKept) {
  const AttributionGraph graph = testing::small_graph();
  const PrunedGraph all = everything(graph);
  PrunedGraph some = all;
  some.node_mask[0] = 0;
  const Comparison comparison = compare({graph, all}, {graph, some}, align_prompts(graph, graph));
  EXPECT_EQ(comparison.node_sides[0], Side::kOnlyA);
  EXPECT_EQ(comparison.nodes.only_a, 1u);
}

TEST(Compare, GivesPositionsOfTheirOwnToTokensThatOnlyOneHas) {
  const AttributionGraph graph = testing::small_graph();
  const PrunedGraph kept = everything(graph);
  const Comparison apart =
      compare({graph, kept}, {graph, kept}, {{0, {}}, {1, {}}, {{}, 0}, {{}, 1}});
  EXPECT_EQ(apart.graph.n_positions(), 4u);
  EXPECT_EQ(apart.graph.n_features(), 10u);
  EXPECT_EQ(apart.nodes.both, 1u);  // the target
  EXPECT_EQ(apart.features.both, 5u);
}

RC_GTEST_PROP(Compare, HoldsEveryKeptNodeAndEdgeOfBoth, ()) {
  const AttributionGraph a = *testing::any_graph(), b = *testing::any_graph();
  const PrunedGraph kept_a = prune(a), kept_b = prune(b);
  const Comparison both = compare({a, kept_a}, {b, kept_b}, align_prompts(a, b));
  const SideCounts& nodes = both.nodes;
  RC_ASSERT(2 * nodes.both + nodes.only_a + nodes.only_b ==
            kept_a.kept_nodes() + kept_b.kept_nodes());
  std::size_t edges = 0;
  for (const ComparedEdge& edge : both.edges) edges += edge.side == Side::kBoth ? 2 : 1;
  RC_ASSERT(edges == kept_a.kept_edges() + kept_b.kept_edges());
}

TEST(Compare, RefusesOtherTranscodersAndColumnsThatDoNotFit) {
  const AttributionGraph base = testing::small_graph();
  const auto of = [&](const std::string& hash, const std::string& scan) {
    Provenance provenance;
    provenance.transcoders_hash = hash;
    provenance.scan = scan;
    return AttributionGraph(base.nodes(), base.edges(), {}, {}, provenance);
  };
  EXPECT_NO_THROW(require_same_transcoders(of("1", "a"), of("1", "b")));
  EXPECT_NO_THROW(require_same_transcoders(of("1", "a"), of("", "a")));
  EXPECT_EQ(testing::message_of<std::invalid_argument>(
                [&] { require_same_transcoders(of("1", "a"), of("2", "a")); }),
            "[compare] the graphs are of the transcoders '1' and '2', expected the same");
  const PrunedGraph kept = everything(base);
  EXPECT_EQ(testing::message_of<std::invalid_argument>([&] {
              compare({base, kept}, {base, kept}, {{0, 0}});
            }),
            "[compare] columns hold 1 positions in order, the graph has 2");
  PrunedGraph short_mask = kept;
  short_mask.node_mask.pop_back();
  EXPECT_EQ(testing::message_of<std::invalid_argument>([&] {
              compare({base, kept}, {base, short_mask}, align_prompts(base, base));
            }),
            "[compare] masks of 11 nodes, the graph has 12");
}

}  // namespace
}  // namespace circuit
