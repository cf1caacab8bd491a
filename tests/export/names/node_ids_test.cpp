#include "export/names/node_ids.h"

#include <cstdint>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "export/names/node_names.h"
#include "tests/support/random_graph.h"
#include "tests/support/small_graph.h"
#include "tests/support/synthetic_graph.h"

namespace circuit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(NodeIds, ReadsEveryForm) {
  EXPECT_EQ(parse_node_id("20_15589_10"), (NodeId{20, 15589, 10}));
  EXPECT_EQ(parse_node_id("14_2268_*"), (NodeId{14, 2268, std::nullopt}));
  EXPECT_EQ(parse_node_id("3_-1_4"), (NodeId{3, -1, 4}));
  EXPECT_EQ(parse_node_id("E_2329_7"), (NodeId{std::nullopt, 2329, 7}));
}

TEST(NodeIds, RefusesOtherTexts) {
  for (const char* text : {"",
                           "_",
                           "1_2",
                           "1_2_3_4",
                           "1__3",
                           "_1_2",
                           "1_2_",
                           "1_2_3 ",
                           " 1_2_3",
                           "1_-2_3",
                           "-1_2_3",
                           "E_-2_3",
                           "e_1_3",
                           "1_2_-1",
                           "1_2_**",
                           "99999999999_1_1",
                           "1_2_99999999999",
                           "1_99999999999999999999_1",
                           "1_2.5_3",
                           "+1_2_3",
                           "1_x_3"}) {
    EXPECT_FALSE(parse_node_id(text)) << text;
  }
}

TEST(NodeIds, FindsEveryNodeByItsName) {
  for (std::uint32_t seed = 0; seed < 30; ++seed) {
    const AttributionGraph graph = testing::random_graph({.seed = seed});
    for (std::size_t node = 0; node < graph.n_nodes(); ++node) {
      const std::string name = name_node(graph, node).node_id;
      const auto id = parse_node_id(name);
      ASSERT_TRUE(id) << name;
      EXPECT_THAT(find_nodes(graph, *id), ::testing::Contains(node)) << name;
      // Only two targets of one token share an id.
      if (graph.kind(node) != NodeKind::kTarget) {
        EXPECT_THAT(find_nodes(graph, *id), ElementsAre(node)) << name;
      }
    }
  }
}

TEST(NodeIds, FindsADirection) {
  const AttributionGraph graph = testing::synthetic_graph({.direction = true});
  const std::size_t last = graph.n_nodes() - 1;
  EXPECT_THAT(find_nodes(graph, *parse_node_id(name_node(graph, last).node_id)), ElementsAre(last));
}

TEST(NodeIds, FindsTargetsWhereTheyRead) {
  const AttributionGraph graph = testing::synthetic_graph({.more_targets = true});
  for (std::size_t node = graph.first_target(); node < graph.n_nodes(); ++node) {
    EXPECT_THAT(find_nodes(graph, *parse_node_id(name_node(graph, node).node_id)),
                ElementsAre(node));
  }
  EXPECT_THAT(find_nodes(graph, *parse_node_id("7_900_7")), IsEmpty());
  EXPECT_THAT(find_nodes(graph, *parse_node_id("7_900_*")), ElementsAre(graph.n_nodes() - 3));
}

TEST(NodeIds, TakesAStarForEveryPosition) {
  const AttributionGraph graph = testing::small_graph();
  EXPECT_THAT(find_nodes(graph, *parse_node_id("0_1_*")), ElementsAre(0));
  EXPECT_THAT(find_nodes(graph, *parse_node_id("1_-1_*")), ElementsAre(7, 8));
  EXPECT_THAT(find_nodes(graph, *parse_node_id("E_1_*")), ElementsAre(10));
  EXPECT_THAT(find_nodes(graph, *parse_node_id("3_7_*")), ElementsAre(11));
}

TEST(NodeIds, FindsNothingWhereThereIsNothing) {
  const AttributionGraph graph = testing::small_graph();
  for (const char* text : {"0_1_1", "0_9_0", "2_7_1", "3_7_0", "3_8_1", "4_7_1", "9_-1_0", "0_-1_2",
                           "E_1_0", "E_5_*", "0_99999999999_0", "2147483647_1_1"}) {
    EXPECT_THAT(find_nodes(graph, *parse_node_id(text)), IsEmpty()) << text;
  }
}

}  // namespace
}  // namespace circuit
