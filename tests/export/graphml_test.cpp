#include "export/graphml.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "export/names/node_names.h"
#include "export/text/output_text.h"
#include "tests/export/xml_rules.h"
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

TEST(GraphMl, DeclaresEveryAttributeThatItUses) {
  const AttributionGraph graph = testing::synthetic_graph();
  const std::vector<Supernode> groups = {{"<group>", {graph.first_token()}}};
  const std::string xml = graphml(graph, prune(graph), groups);
  EXPECT_NE(xml.find("<data key=\"supernode\">&lt;group&gt;</data>"), std::string::npos);
  for (const char* key : {"kind", "layer", "position", "feature", "label", "activation",
                          "influence", "probability", "supernode", "weight", "share", "prompt"}) {
    EXPECT_EQ(count(xml, "<key id=\"" + std::string(key) + "\""), 1u) << key;
    EXPECT_GT(count(xml, "<data key=\"" + std::string(key) + "\""), 0u) << key;
  }
}

}  // namespace
}  // namespace circuit
