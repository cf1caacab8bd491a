#include "tracer/cli/node_selection.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit::cli {
namespace {

using circuit::testing::message_of;
using ::testing::ElementsAre;

AttributionGraph two_features() {
  GraphNodes nodes;
  nodes.n_layers = 2;
  nodes.input_ids = {1, 2};
  nodes.tokens = {"a", "b"};
  nodes.active_features = {{.layer = 0, .position = 1, .feature = 7},
                           {.layer = 0, .position = 1, .feature = 9},
                           {.layer = 1, .position = 1, .feature = 3}};
  nodes.activation_values = {1, 1, 1};
  nodes.selected_features = {0, 2};
  nodes.targets = {{.token_id = 2, .probability = 1, .label = "b", .display = "b"}};
  EdgeMatrix edges;
  edges.row_offsets.assign(2 + 4 + 2 + 1 + 1, 0);
  return {nodes, edges};
}

TEST(NodeSelection, ReadsNamesOfViewerFiles) {
  EXPECT_THAT(parse_node_selection("3_512_4,0_1_*"), ElementsAre("3_512_4", "0_1_*"));
}

TEST(NodeSelection, RefusesOtherNames) {
  for (const char* text :
       {"", "1_2", "1_2_3_4", "1_-2_3", "1_2_3,", "1_2_3 ", "1__3", "99999999999_1_1"}) {
    EXPECT_THAT(message_of<std::invalid_argument>([&] { parse_node_selection(text); }),
                ::testing::HasSubstr("expected LAYER_FEATURE_POSITION such as 3_512_4"))
        << text;
  }
}

TEST(NodeSelection, MasksAllOtherFeatures) {
  const AttributionGraph graph = two_features();
  EXPECT_THAT(selection_mask(graph, parse_node_selection("1_3_1")),
              ElementsAre(0, 1, 1, 1, 1, 1, 1, 1, 1));
  EXPECT_THAT(selection_mask(graph, parse_node_selection("1_3_1,0_7_1")),
              ElementsAre(1, 1, 1, 1, 1, 1, 1, 1, 1));
  EXPECT_THAT(selection_mask(graph, parse_node_selection("0_7_*,E_1_0")),
              ElementsAre(1, 0, 1, 1, 1, 1, 1, 1, 1));
}

TEST(NodeSelection, NamesAFeatureThatIsNoNode) {
  for (const char* name : {"0_9_1", "1_3_0", "5_0_0"}) {
    EXPECT_EQ(message_of<std::runtime_error>(
                  [&] { selection_mask(two_features(), parse_node_selection(name)); }),
              "[score] --nodes: the graph has no node " + std::string(name) +
                  ", expected features among its 2");
  }
}

}  // namespace
}  // namespace circuit::cli
