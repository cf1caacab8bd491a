#include "export/names/group_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/influence.h"
#include "tests/support/small_graph.h"

namespace circuit {
namespace {

using ::testing::ElementsAre;
using Groups = std::vector<std::vector<std::size_t>>;

// Influence falls with the node index.
constexpr double kInfluence[] = {12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1};

AttributionGraph labelled(const std::vector<std::string>& labels) {
  AttributionGraph graph = testing::small_graph();
  std::map<std::pair<std::int32_t, std::int32_t>, FeatureLabel> texts;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const Node node = graph.node(i);
    if (!labels[i].empty()) texts[{node.layer, node.feature}] = {labels[i], "test"};
  }
  graph.add_feature_labels(std::move(texts));
  return graph;
}

std::vector<std::string> names_of(const AttributionGraph& graph, const Groups& groups,
                                  const GroupingOptions& options) {
  std::vector<std::string> names;
  for (const Supernode& group : name_groups(graph, groups, options, kInfluence)) {
    names.push_back(group.name);
  }
  return names;
}

TEST(GroupNames, AreWhatMostLabelsShare) {
  const AttributionGraph graph =
      labelled({" big · large · huge", " large · big · tall", "large · wide", " low", " deep"});
  EXPECT_THAT(names_of(graph, {{0, 1, 2}, {3, 4}}, {.by_similarity = true}),
              ElementsAre("large · big", "low"));
}

TEST(GroupNames, FallBackOnTheFeature) {
  const AttributionGraph graph = testing::small_graph();
  EXPECT_THAT(names_of(graph, {{0, 1}, {3, 4}}, {.by_neighbours = true}),
              ElementsAre("L0/1", "L1/4"));
}

TEST(GroupNames, SayLayerAndPosition) {
  const AttributionGraph graph = labelled({"x", "x", "x", "x", "x"});
  EXPECT_THAT(names_of(graph, {{0, 1}, {2, 3}}, {.by_layer = true}), ElementsAre("L0", "L1"));
  EXPECT_THAT(names_of(graph, {{0}, {3, 4}}, {.by_position = true}),
              ElementsAre("at 0 \"a\"", "at 1 \"b\""));
  EXPECT_THAT(names_of(graph, {{3, 4}}, {.by_layer = true, .by_position = true}),
              ElementsAre("L1 at 1 \"b\""));
  EXPECT_THAT(names_of(graph, {{3, 4}}, {.by_layer = true, .by_similarity = true}),
              ElementsAre("L1: x"));
}

TEST(GroupNames, AreUnique) {
  std::vector<Supernode> groups = {{"a", {0}}, {"a", {1}}, {"a (2)", {2}}, {"a", {3}}};
  make_unique(groups);
  std::vector<std::string> names;
  for (const Supernode& group : groups) names.push_back(group.name);
  EXPECT_THAT(names, ElementsAre("a", "a (3)", "a (2)", "a (4)"));
}

}  // namespace
}  // namespace circuit
