#include "export/names/node_names.h"

#include <cstdint>
#include <set>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/random_graph.h"
#include "tests/support/synthetic_graph.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

/// 26 layers, 2 positions, one feature, one token target and one direction; no edges.
AttributionGraph example(std::string vocabulary_size = "256000", std::string display = " grand") {
  GraphNodes nodes;
  nodes.n_layers = 26;
  nodes.input_ids = {2, 2329};
  nodes.tokens = {"<bos>", " petit"};
  nodes.active_features = {{7, 1, 6861}};
  nodes.activation_values = {9.5f};
  nodes.selected_features = {0};
  nodes.targets = {{TargetKind::kToken, 23, 0.9312, display, display},
                   {TargetKind::kDifference, -1, 0.25, "logit(A)-logit(B)", "A - B"}};
  EdgeMatrix edges;
  edges.row_offsets.assign(1 + 26 * 2 + 2 + 2 + 1, 0);
  Provenance provenance;
  provenance.feature_labels[{7, 6861}] = {"say \"grand\"\n", "a person"};
  if (!vocabulary_size.empty()) provenance.settings["vocabulary_size"] = vocabulary_size;
  return {nodes, edges, {}, {}, provenance};
}

void expect_name(const NodeName& name, const std::string& node_id, const std::string& js_node_id,
                 std::int64_t feature, const std::string& layer, std::int32_t position) {
  EXPECT_EQ(name.node_id, node_id);
  EXPECT_EQ(name.js_node_id, js_node_id);
  EXPECT_EQ(name.feature, feature);
  EXPECT_EQ(name.layer, layer);
  EXPECT_EQ(name.position, position);
}

TEST(NodeNames, PairsNumbersAsViewersDo) {
  EXPECT_EQ(cantor_pair(7, 6861), 23595007);
  EXPECT_EQ(cantor_pair(0, 0), 0);
  EXPECT_EQ(cantor_pair(0, INT32_MAX), 2305843010287435775);
}

TEST(NodeNames, NamesEveryKindOfNode) {
  const AttributionGraph graph = example();
  expect_name(name_node(graph, 0), "7_6861_1", "7_6861-1", 23595007, "7", 1);
  expect_name(name_node(graph, graph.error_node(3, 1)), "3_-1_1", "3_-1-1", -1, "3", 1);
  expect_name(name_node(graph, graph.first_token() + 1), "E_2329_1", "E_2329-1", 1, "E", 1);
  expect_name(name_node(graph, graph.first_target()), "27_23_1", "L_23-1", 23, "27", 1);
  expect_name(name_node(graph, graph.first_target() + 1), "27_256001_1", "L_256001-1", 256001, "27",
              1);
}

TEST(NodeNames, NamesFeaturesThatAreNoNodes) {
  const Node feature{.kind = NodeKind::kFeature, .layer = 3, .position = 1, .feature = 9};
  expect_name(name_node(feature), "3_9_1", "3_9-1", cantor_pair(3, 9), "3", 1);
  AttributionGraph graph = example();
  EXPECT_EQ(describe_node(graph, feature), "L3/9 at 1");
  graph.add_feature_labels({{{3, 9}, {"large", "a person"}}});
  EXPECT_EQ(describe_node(graph, feature), "L3/9 at 1: large");
  for (std::size_t node = 0; node < graph.first_target(); ++node) {
    EXPECT_EQ(name_node(graph.node(node)).node_id, name_node(graph, node).node_id);
    EXPECT_EQ(describe_node(graph, graph.node(node)), describe_node(graph, node));
  }
}

TEST(NodeNames, TakesTheLargestIdWhenTheVocabularyIsUnknown) {
  EXPECT_EQ(target_id(example(""), 1), 2331);
}

TEST(NodeNames, RefusesAVocabularySizeThatIsNoNumber) {
  for (const char* size : {"many", "12x", "-3", "99999999999999999999"}) {
    const AttributionGraph graph = example(size);
    EXPECT_EQ(testing::message_of<std::invalid_argument>([&] { target_id(graph, 1); }),
              "[node_names] setting vocabulary_size is '" + std::string(size) +
                  "', expected a number of tokens");
  }
}

TEST(NodeNames, AreUniqueInEveryGraph) {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const AttributionGraph graph = testing::random_graph({.seed = seed});
    std::set<std::string> ids, js_ids;
    for (std::size_t node = 0; node < graph.n_nodes(); ++node) {
      ids.insert(name_node(graph, node).node_id);
      js_ids.insert(name_node(graph, node).js_node_id);
    }
    EXPECT_EQ(ids.size(), graph.n_nodes());
    EXPECT_EQ(js_ids.size(), graph.n_nodes());
  }
}

TEST(NodeNames, WriteTheClerpsThatViewersParse) {
  const AttributionGraph graph = example();
  EXPECT_EQ(clerp(graph, 0), "say \"grand\"⏎");
  EXPECT_EQ(clerp(graph, graph.error_node(0, 0)), "");
  EXPECT_EQ(clerp(graph, graph.first_token()), "");
  EXPECT_EQ(clerp(graph, graph.first_target()), "Output \" grand\" (p=0.931)");
  EXPECT_EQ(clerp(graph, graph.first_target() + 1), "Output \"A - B\" (p=0.250)");
}

TEST(NodeNames, SayWhatTargetsAre) {
  AttributionGraph graph = testing::synthetic_graph({.more_targets = true});
  const std::size_t token = graph.n_nodes() - 3, feature = token + 1, vector = token + 2;
  EXPECT_EQ(clerp(graph, feature), "Feature \"L3/77 at 5\" (p=1.000)");
  graph.add_feature_labels({{{3, 77}, {"say \"grand\"", "a person"}}});
  EXPECT_EQ(target_text(graph, feature), "L3/77 at 5: say \"grand\"");
  EXPECT_EQ(describe_node(graph, feature), "Feature \"L3/77 at 5: say ”grand”\" (p=1.000)");
  EXPECT_TRUE(clerp(graph, vector).starts_with("Vector \""));
  EXPECT_TRUE(describe_node(graph, token).ends_with("\" (p=0.250) after 5"));
}

TEST(NodeNames, KeepQuotesAndProbabilitiesOutOfTokens) {
  const AttributionGraph graph = example("", "\"x\" (p=1)");
  EXPECT_EQ(clerp(graph, graph.first_target()), "Output \"”x” (p =1)\" (p=0.931)");
}

TEST(NodeNames, DescribeEveryNodeInOneLine) {
  const AttributionGraph graph = example();
  EXPECT_EQ(describe_node(graph, 0), "L7/6861 at 1: say \"grand\"⏎");
  EXPECT_EQ(describe_node(graph, graph.error_node(3, 1)), "error L3 at 1");
  EXPECT_EQ(describe_node(graph, graph.first_token() + 1), "token 1 \" petit\"");
  EXPECT_EQ(describe_node(graph, graph.first_target()), "Output \" grand\" (p=0.931)");
  EXPECT_EQ(feature_label(graph, 0, 0), "");
}

TEST(NodeNames, NameTheKinds) {
  EXPECT_EQ(kind_name(NodeKind::kFeature), "feature");
  EXPECT_EQ(kind_name(NodeKind::kError), "error");
  EXPECT_EQ(kind_name(NodeKind::kToken), "token");
  EXPECT_EQ(kind_name(NodeKind::kTarget), "target");
}

}  // namespace
}  // namespace circuit
