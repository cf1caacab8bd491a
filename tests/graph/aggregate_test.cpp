#include "graph/aggregate.h"

#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/support/random_graph.h"
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

/// The small graph without feature 0, the only reader of which is feature 3.
PrunedGraph without_first(const AttributionGraph& graph) {
  PrunedGraph pruned = everything(graph);
  pruned.node_mask[0] = 0;
  return pruned;
}

GraphSummarizer of_two(const AttributionGraph& graph) {
  GraphSummarizer summarizer(0);
  summarizer.add(graph, everything(graph));
  summarizer.add(graph, without_first(graph));
  return summarizer;
}

const UnitEdge& edge(const Summary& summary, const Unit& source, const Unit& target) {
  for (const UnitEdge& found : summary.edges) {
    if (summary.units[found.source].unit == source && summary.units[found.target].unit == target) {
      return found;
    }
  }
  throw std::runtime_error("no such edge");
}

TEST(Aggregate, KeepsTargetsThatAreFeatures) {
  const AttributionGraph plain = testing::small_graph();
  GraphNodes nodes = plain.nodes();
  nodes.targets.push_back({.kind = TargetKind::kFeature,
                           .probability = 0.5,
                           .label = "L1/9",
                           .display = "L1/9",
                           .position = 0,
                           .layer = 1,
                           .feature = 9});
  EdgeMatrix edges = plain.edges();
  edges.columns.push_back(0);
  edges.weights.push_back(10);
  edges.row_offsets.push_back(static_cast<std::int64_t>(edges.columns.size()));
  const AttributionGraph graph(nodes, edges);
  const GraphSummarizer summarizer = of_two(graph);
  const auto [mean, pruned] = summarizer.graph(summarizer.summary(), 2);
  ASSERT_EQ(mean.n_targets(), 2u);
  const Target& feature = mean.nodes().targets[0];  // of the lower layer
  EXPECT_EQ(feature.kind, TargetKind::kFeature);
  EXPECT_EQ(feature.layer, 1);
  EXPECT_EQ(feature.feature, 9);
  EXPECT_EQ(feature.token_id, -1);
  EXPECT_EQ(feature.label, "L1/9");
  EXPECT_DOUBLE_EQ(feature.probability, 0.5);
  EXPECT_EQ(mean.nodes().targets[1].kind, TargetKind::kToken);
}

const Unit kFirst{NodeKind::kFeature, 0, 1, {}, {}}, kSecond{NodeKind::kFeature, 0, 2, {}, {}},
    kFourth{NodeKind::kFeature, 1, 4, {}, {}};

TEST(Aggregate, CountsFeaturesAndTakesMeansOverAllAndOverThosePresent) {
  const AttributionGraph graph = testing::small_graph();
  const Summary summary = of_two(graph).summary();
  EXPECT_EQ(summary.graphs, 2u);
  const UnitSummary& first = summary.units[0];
  EXPECT_EQ(first.unit, kFirst);
  EXPECT_EQ(first.graphs, 1u);
  EXPECT_EQ(first.activation_present, 2);
  EXPECT_GT(first.influence, 0);
  EXPECT_DOUBLE_EQ(first.influence, first.influence_present / 2);
  EXPECT_EQ(summary.units[1].unit, kSecond);
  EXPECT_EQ(summary.units[1].graphs, 2u);
}

/// Feature 3 reads 0, 1 and an error with 10 each; without 0 the shares of the others are halves.
TEST(Aggregate, MeasuresEdgesAsWeightAndAsShareOfTheTargetsInput) {
  const AttributionGraph graph = testing::small_graph();
  const Summary summary = of_two(graph).summary();
  const UnitEdge& gone = edge(summary, kFirst, kFourth);
  EXPECT_EQ(gone.graphs, 1u);
  EXPECT_DOUBLE_EQ(gone.weight, 5);
  EXPECT_DOUBLE_EQ(gone.weight_present, 10);
  EXPECT_DOUBLE_EQ(gone.share, 1.0 / 6);
  EXPECT_DOUBLE_EQ(gone.share_present, 1.0 / 3);
  const UnitEdge& kept = edge(summary, kSecond, kFourth);
  EXPECT_EQ(kept.graphs, 2u);
  EXPECT_DOUBLE_EQ(kept.weight, 10);
  EXPECT_DOUBLE_EQ(kept.share, (1.0 / 3 + 1.0 / 2) / 2);
}

/// 4 common features of 5; what fired is what is kept in one of them, so chance cannot be judged.
TEST(Aggregate, ComparesTheFeaturesOfEveryPairOfGraphs) {
  const Summary summary = of_two(testing::small_graph()).summary();
  ASSERT_TRUE(summary.overlap.has_value());
  EXPECT_DOUBLE_EQ(summary.overlap->jaccard, 4.0 / 5);
  EXPECT_FALSE(summary.overlap->random.has_value());
}

/// Of the same 5 features 1 each is kept: equal here, and equal by chance once in 5 times.
TEST(Aggregate, DrawsRandomSetsOfTheSameSizeFromWhatFired) {
  const AttributionGraph graph = testing::small_graph();
  PrunedGraph one = everything(graph);
  for (std::size_t node = 1; node < graph.n_features(); ++node) one.node_mask[node] = 0;
  GraphSummarizer summarizer(7), again(7), other(8);
  for (int i = 0; i < 20; ++i) {
    summarizer.add(graph, one);
    again.add(graph, one);
    other.add(graph, one);
  }
  const Overlap overlap = *summarizer.summary().overlap;
  EXPECT_EQ(overlap.jaccard, 1);
  EXPECT_NEAR(*overlap.random, 0.2, 0.05);  // 1,900 pairs
  EXPECT_EQ(*again.summary().overlap->random, *overlap.random);
  EXPECT_NE(*other.summary().overlap->random, *overlap.random);
}

TEST(Aggregate, MakesOneGraphWithoutPositions) {
  const AttributionGraph graph = testing::small_graph();
  const GraphSummarizer summarizer = of_two(graph);
  const auto [all, all_kept] = summarizer.graph(summarizer.summary(), 1);
  EXPECT_EQ(all.n_features(), 5u);
  EXPECT_EQ(all.n_positions(), 3u);  // two tokens, and the column of everything else
  EXPECT_EQ(all.n_targets(), 1u);
  EXPECT_EQ(all.node(0).position, 2);
  EXPECT_EQ(all.edges().row_weights(3)[0], 5);  // feature 3 reads 0 in one of two graphs
  EXPECT_EQ(all.provenance().feature_labels.at({0, 1}).text, "1/2");
  const auto [often, often_kept] = summarizer.graph(summarizer.summary(), 2);
  EXPECT_EQ(often.n_features(), 4u);
  EXPECT_LT(often_kept.kept_edges(), all_kept.kept_edges());
}

TEST(Aggregate, TakesAnyGraphs) {
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    const AttributionGraph graph = testing::random_graph({.seed = seed});
    GraphSummarizer summarizer(seed);
    for (int i = 0; i < 3; ++i) summarizer.add(graph, prune(graph));
    const Summary summary = summarizer.summary();
    const auto [one, kept] = summarizer.graph(summary, 3);
    EXPECT_EQ(kept.kept_nodes(), summary.units.size()) << seed;
    EXPECT_EQ(kept.kept_edges(), summary.edges.size()) << seed;
    EXPECT_EQ(summary.overlap->jaccard, 1) << seed;
  }
}

TEST(Aggregate, RefusesOtherNumbersOfLayersAndMasks) {
  const AttributionGraph graph = testing::small_graph();
  GraphSummarizer summarizer(0);
  summarizer.add(graph, everything(graph));
  GraphNodes nodes = graph.nodes();
  nodes.n_layers = 3;
  EdgeMatrix none;
  none.row_offsets.assign(15, 0);
  const AttributionGraph deeper(nodes, none);
  EXPECT_EQ(testing::message_of<std::invalid_argument>(
                [&] { summarizer.add(deeper, everything(deeper)); }),
            "[aggregate] a graph of 3 layers, expected 2 as the first has");
  EXPECT_EQ(testing::message_of<std::invalid_argument>([&] { summarizer.add(graph, {}); }),
            "[aggregate] masks do not fit the graph");
}

}  // namespace
}  // namespace circuit
