#include "export/graphml.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "export/names/node_names.h"
#include "export/text/output_text.h"
#include "tests/export/xml_rules.h"
#include "tests/support/small_graph.h"
#include "tests/support/synthetic_graph.h"

namespace circuit {
namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(GraphMl, HasTheKeptNodesAndEdges) {
  const AttributionGraph graph = testing::synthetic_graph();
  const PrunedGraph pruned = prune(graph);
  const std::string xml = graphml(graph, pruned);
  EXPECT_EQ(testing::first_xml_error(xml), "");
  EXPECT_EQ(count(xml, "<node id="), pruned.kept_nodes());
  EXPECT_EQ(count(xml, "<edge source="), pruned.kept_edges());
  EXPECT_EQ(count(xml, "<data key=\"weight\">"), pruned.kept_edges());
}

TEST(GraphMl, IsWellFormedForHostileTexts) {
  const AttributionGraph graph =
      testing::synthetic_graph({.n_positions = 18, .hostile_text = true});
  const std::string xml = graphml(graph, prune(graph, {1, 1}));
  EXPECT_EQ(testing::first_xml_error(xml), "");
  EXPECT_NE(testing::texts_of(xml, "data").find("<script>alert(1)</script>"), std::string::npos);
}

TEST(GraphMl, WritesTheNumbersOfViewerJson) {
  const AttributionGraph graph = testing::synthetic_graph();
  const PrunedGraph pruned = prune(graph);
  const std::string xml = graphml(graph, pruned);
  std::size_t features = 0;
  for (std::size_t node = 0; node < graph.n_features(); ++node) {
    if (pruned.node_mask[node] == 0) continue;
    const std::string activation = number_text(graph.activation(node));  // of a float
    EXPECT_NE(xml.find("<data key=\"activation\">" + activation + "<"), std::string::npos);
    ++features;
  }
  EXPECT_GT(features, 0u);
}

TEST(GraphMl, NamesTheStrongestHeadOfAnEdge) {
  AttributionGraph graph = testing::small_graph();
  AttentionDetails details;
  details.edge_heads.add(
      3, std::vector<EdgePart>{{EdgeWay::kOtherHeads, {}, 11}, {EdgeWay::kHead, {1, 4}, -1.5F}});
  details.edge_heads.add(7, std::vector<EdgePart>{{EdgeWay::kResidual, {}, 10}});
  graph.set_attention(details);
  const std::string xml = graphml(graph, prune(graph, {1, 1}));
  EXPECT_EQ(testing::first_xml_error(xml), "");
  EXPECT_NE(xml.find("<edge source=\"0_1_0\" target=\"1_4_1\">"), std::string::npos);
  EXPECT_EQ(count(xml, "<data key=\"head\">1.4</data><data key=\"head_weight\">-1.5</data>"), 1u);
  EXPECT_EQ(count(xml, "<data key=\"head"), 2u);  // of no other edge
}

TEST(GraphMl, DeclaresEveryAttributeThatItUses) {
  AttributionGraph graph = testing::synthetic_graph();
  AttentionDetails details;
  for (std::size_t edge = 0; edge < graph.edges().edges(); ++edge) {
    details.edge_heads.add(edge, std::vector<EdgePart>{{EdgeWay::kHead, {1, 0}, 1}});
  }
  graph.set_attention(std::move(details));
  const std::vector<Supernode> groups = {{"<group>", {graph.first_token()}}};
  const std::string xml = graphml(graph, prune(graph), groups);
  EXPECT_NE(xml.find("<data key=\"supernode\">&lt;group&gt;</data>"), std::string::npos);
  for (const char* key :
       {"kind", "layer", "position", "feature", "label", "activation", "influence", "probability",
        "supernode", "weight", "share", "head", "head_weight", "prompt"}) {
    EXPECT_EQ(count(xml, "<key id=\"" + std::string(key) + "\""), 1u) << key;
    EXPECT_GT(count(xml, "<data key=\"" + std::string(key) + "\""), 0u) << key;
  }
}

}  // namespace
}  // namespace circuit
