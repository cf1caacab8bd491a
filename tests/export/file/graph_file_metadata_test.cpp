#include "export/file/graph_file_metadata.h"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/synthetic_graph.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

StringMap good() {
  const AttributionGraph graph = testing::synthetic_graph();
  const PrunedGraph pruned = prune(graph);
  return graph_file_metadata(graph, &pruned, {.replacement = 0.5, .completeness = 0.25});
}

std::string error_with(const std::string& key, const std::string& value) {
  StringMap metadata = good();
  metadata[key] = value;
  return testing::message_of<std::runtime_error>([&] { parse_graph_file_metadata(metadata); });
}

std::string error_without(const std::string& key) {
  StringMap metadata = good();
  metadata.erase(key);
  return testing::message_of<std::runtime_error>([&] { parse_graph_file_metadata(metadata); });
}

TEST(GraphFileMetadata, ReadsWhatItWrote) {
  const AttributionGraph graph = testing::synthetic_graph();
  const GraphFileMetadata parsed = parse_graph_file_metadata(good());
  EXPECT_EQ(parsed.n_layers, 6);
  EXPECT_EQ(parsed.tokens, graph.nodes().tokens);
  EXPECT_EQ(parsed.provenance.settings, graph.provenance().settings);
  EXPECT_EQ(parsed.scores.replacement, 0.5);
  ASSERT_TRUE(parsed.pruning);
  EXPECT_EQ(parsed.pruning->node_threshold, 0.8);
}

TEST(GraphFileMetadata, ReadsHowItWasPruned) {
  const AttributionGraph graph = testing::synthetic_graph();
  const PruneOptions all{.node_threshold = 0.7,
                         .edge_threshold = 0.9,
                         .keep_errors = true,
                         .max_nodes = 12,
                         .edge_rule = EdgeRule::kPerTarget};
  for (const PruneOptions& options : {PruneOptions(), all}) {
    const PrunedGraph pruned = prune(graph, options);
    EXPECT_EQ(parse_graph_file_metadata(graph_file_metadata(graph, &pruned, {})).pruning, options);
  }
}

TEST(GraphFileMetadata, RefusesOtherFormatsAndVersions) {
  EXPECT_EQ(error_with("format", "pt"), "metadata format: is 'pt', expected circuit.graph");
  EXPECT_EQ(error_with("version", "2"), "metadata version: is '2', expected 1");
}

TEST(GraphFileMetadata, RefusesValuesOfAnotherKind) {
  EXPECT_EQ(error_with("n_layers", "0"),
            "metadata n_layers: is '0', expected a number of layers, at least 1");
  EXPECT_EQ(error_with("n_layers", "six"),
            "metadata n_layers: is 'six', expected a number of layers, at least 1");
  EXPECT_EQ(error_with("tokens", "{}"),
            "metadata tokens: is '{}', expected a JSON array of strings");
  EXPECT_EQ(error_with("tokens", "[1]"),
            "metadata tokens: is '[1]', expected a JSON array of strings");
  EXPECT_EQ(error_with("tokens", "[\"a"),
            "metadata tokens: is '[\"a', expected a JSON array of strings");
  EXPECT_EQ(error_with("settings", "[]"), "metadata settings: is '[]', expected a JSON object");
  EXPECT_EQ(error_with("settings", "{\"a\":1}"),
            "metadata settings: is 'a', expected a string value");
  EXPECT_EQ(error_with("feature_labels", "{\"a\":1}"),
            "metadata feature_labels: entry is 'a', expected an object with text and source");
  EXPECT_EQ(error_with("feature_labels", "{\"3\":{\"text\":\"\",\"source\":\"\"}}"),
            "metadata feature_labels: key is '3', expected LAYER_FEATURE");
  EXPECT_EQ(error_with("replacement_score", "nan"),
            "metadata replacement_score: is 'nan', expected a finite number");
  EXPECT_EQ(error_with("pruned", "yes"), "metadata pruned: is 'yes', expected true or false");
  EXPECT_EQ(error_with("node_threshold", "1.5"),
            "metadata node_threshold: is 1.5, expected a number in [0, 1]");
  EXPECT_EQ(error_with("max_nodes", "many"),
            "metadata max_nodes: is 'many', expected a count of nodes");
}

TEST(GraphFileMetadata, NamesWhatIsMissing) {
  EXPECT_EQ(error_without("n_layers"),
            "metadata n_layers: is missing, expected a number of layers, at least 1");
  EXPECT_EQ(error_without("tokens"),
            "metadata tokens: is missing, expected a JSON array of strings");
  EXPECT_EQ(error_without("target_labels"),
            "metadata target_labels: is missing, expected a JSON array of strings");
  EXPECT_EQ(error_without("edge_threshold"),
            "metadata edge_threshold: is missing, expected a number in [0, 1]");
}

}  // namespace
}  // namespace circuit
