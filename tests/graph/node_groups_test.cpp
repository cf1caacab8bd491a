#include "graph/node_groups.h"

#include <cmath>
#include <cstdint>
#include <set>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/small_graph.h"
#include "tests/support/synthetic_graph.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using ::testing::ElementsAre;
using testing::message_of;
using Groups = std::vector<std::vector<std::size_t>>;

PrunedGraph everything(const AttributionGraph& graph) {
  return {.node_mask = std::vector<std::uint8_t>(graph.n_nodes(), 1),
          .edge_mask = std::vector<std::uint8_t>(graph.edges().edges(), 1),
          .node_cumulative_influence = std::vector<float>(graph.n_nodes(), 1.0F),
          .options = {}};
}

/// Features: 0 and 2 are feature 5 of layer 0 at two positions, 1 is another there; 3, 4 above.
AttributionGraph repeated_features(FeatureSimilarity similarity = {}) {
  GraphNodes nodes{.n_layers = 2,
                   .input_ids = {0, 1, 2},
                   .tokens = {"a", "b", "c"},
                   .active_features = {{0, 1, 5}, {0, 1, 6}, {0, 2, 5}, {1, 2, 5}, {1, 2, 7}},
                   .activation_values = {1, 1, 1, 1, 1},
                   .selected_features = {0, 1, 2, 3, 4},
                   .targets = {{.token_id = 7, .probability = 1.0, .label = "o", .display = "o"}}};
  // 3 and 4 read 0 and 1 in nearly the same shares; both feed the target (14).
  EdgeMatrix edges;
  edges.row_offsets = {0, 0, 0, 0, 2, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 6};
  edges.columns = {0, 1, 0, 1, 3, 4};
  edges.weights = {3, -1, 6, -2.5F, 1, 1};
  return {std::move(nodes), std::move(edges), {}, {}, {}, std::move(similarity)};
}

TEST(NodeGroups, JoinsOneFeatureAcrossPositions) {
  const AttributionGraph graph = repeated_features();
  EXPECT_EQ(find_groups(graph, everything(graph), {.by_feature = true}), (Groups{{0, 2}}));
}

TEST(NodeGroups, JoinsALayerAPositionOrBoth) {
  const AttributionGraph graph = repeated_features();
  const PrunedGraph all = everything(graph);
  EXPECT_EQ(find_groups(graph, all, {.by_layer = true}), (Groups{{0, 1, 2}, {3, 4}}));
  EXPECT_EQ(find_groups(graph, all, {.by_position = true}), (Groups{{0, 1}, {2, 3, 4}}));
  EXPECT_EQ(find_groups(graph, all, {.by_layer = true, .by_position = true}),
            (Groups{{0, 1}, {3, 4}}));
  EXPECT_EQ(find_groups(graph, all, {.by_layer = true, .min_members = 3}), (Groups{{0, 1, 2}}));
}

TEST(NodeGroups, LeavesOutWhatIsNotKept) {
  const AttributionGraph graph = repeated_features();
  PrunedGraph pruned = everything(graph);
  pruned.node_mask[1] = 0;
  EXPECT_EQ(find_groups(graph, pruned, {.by_layer = true}), (Groups{{0, 2}, {3, 4}}));
}

TEST(NodeGroups, ClustersDecodersByTheirMeanCosine) {
  const AttributionGraph graph =
      repeated_features({.pairs = {{0, 1}, {0, 3}, {3, 4}}, .cosines = {0.9F, 0.4F, 0.8F}});
  const PrunedGraph all = everything(graph);
  EXPECT_EQ(find_groups(graph, all, {.by_similarity = true}), (Groups{{0, 1}, {3, 4}}));
  EXPECT_EQ(find_groups(graph, all, {.by_similarity = true, .min_similarity = 0.85}),
            (Groups{{0, 1}}));
  EXPECT_EQ(find_groups(graph, all, {.by_similarity = true, .min_similarity = 0.1}),
            (Groups{{0, 1, 3, 4}}));
  EXPECT_EQ(
      find_groups(graph, all, {.by_layer = true, .by_similarity = true, .min_similarity = 0.1}),
      (Groups{{0, 1}, {3, 4}}));
}

TEST(NodeGroups, ComparesInputsAndOutputsOfNeighbours) {
  const AttributionGraph graph = repeated_features();
  const PrunedGraph all = everything(graph);
  // 3 and 4: inputs (3, -1)/4 and (6, -2.5)/8.5, outputs to the target alone.
  const double inputs = (3 * 6 + 1 * 2.5) / (std::sqrt(10.0) * std::hypot(6, 2.5));
  const double both = (inputs + 1) / 2;
  EXPECT_GT(inputs, 0.99);
  // 0 and 1 have no inputs; their outputs, (3/4, 6/8.5) and -(1/4, 2.5/8.5), point away.
  EXPECT_EQ(find_groups(graph, all, {.by_neighbours = true}), (Groups{{3, 4}}));
  EXPECT_EQ(find_groups(graph, all, {.by_neighbours = true, .min_shared = both - 1e-6}),
            (Groups{{3, 4}}));
  EXPECT_EQ(find_groups(graph, all, {.by_neighbours = true, .min_shared = both + 1e-6}), Groups{});
}

TEST(NodeGroups, AsksForBothWhereBothAreGiven) {
  const AttributionGraph graph =
      repeated_features({.pairs = {{0, 1}, {3, 4}}, .cosines = {0.9F, 0.8F}});
  const PrunedGraph all = everything(graph);
  EXPECT_EQ(find_groups(graph, all, {.by_similarity = true, .by_neighbours = true}),
            (Groups{{3, 4}}));
  EXPECT_EQ(find_groups(graph, all,
                        {.by_similarity = true, .by_neighbours = true, .min_similarity = 0.81}),
            Groups{});
}

TEST(NodeGroups, PutsNoNodeInTwoGroups) {
  for (std::uint32_t seed = 0; seed < 5; ++seed) {
    const AttributionGraph graph = testing::synthetic_graph({.seed = seed});
    const PrunedGraph pruned = prune(graph);
    for (const GroupingOptions& options :
         {GroupingOptions{.by_feature = true}, GroupingOptions{.by_layer = true},
          GroupingOptions{.by_similarity = true, .min_similarity = 0.2},
          GroupingOptions{.by_neighbours = true, .min_shared = 0.2},
          GroupingOptions{.by_position = true, .by_neighbours = true, .min_shared = 0.3}}) {
      std::set<std::size_t> seen;
      for (const auto& group : find_groups(graph, pruned, options)) {
        EXPECT_GE(group.size(), 2u);
        for (const std::size_t node : group) {
          EXPECT_TRUE(seen.insert(node).second);
          EXPECT_NE(pruned.node_mask[node], 0);
          EXPECT_EQ(graph.kind(node), NodeKind::kFeature);
        }
      }
    }
  }
}

TEST(NodeGroups, RefusesWhatCannotBe) {
  const AttributionGraph graph = repeated_features();
  const auto message = [&](const GroupingOptions& options) {
    return message_of<std::invalid_argument>(
        [&] { find_groups(graph, everything(graph), options); });
  };
  EXPECT_EQ(message({}), "[find_groups] nothing to group by");
  EXPECT_EQ(message({.by_feature = true, .by_position = true}),
            "[find_groups] feature and position, which no two nodes share; expected one of them");
  EXPECT_THAT(message({.by_layer = true, .min_similarity = 0}),
              ::testing::StartsWith("[find_groups] min_similarity is 0"));
  EXPECT_THAT(message({.by_layer = true, .min_shared = 1.5}),
              ::testing::StartsWith("[find_groups] min_shared is 1.5"));
  EXPECT_THAT(message_of<std::runtime_error>(
                  [&] { find_groups(graph, everything(graph), {.by_similarity = true}); }),
              ::testing::StartsWith("[find_groups] the graph holds no similarities of decoders"));
  PrunedGraph foreign = everything(graph);
  foreign.node_mask.pop_back();
  EXPECT_THAT(
      message_of<std::invalid_argument>([&] { find_groups(graph, foreign, {.by_layer = true}); }),
      ::testing::StartsWith("[find_groups] masks of 14 nodes"));
}

}  // namespace
}  // namespace circuit
