#include "export/file/graph_file.h"

#include <cmath>
#include <filesystem>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/export/file/graph_file_parts.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/random_graph.h"
#include "tests/support/synthetic_graph.h"
#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"
#include "transcoders/weights/safetensors.h"

namespace circuit {
namespace {

using testing::message_of;
using testing::Parts;
using testing::parts_of;
using testing::read_text;
using testing::synthetic_graph;
using testing::TempDir;
using testing::write_parts;

const Scores kScores{.replacement = 1.0 / 3, .completeness = 0.9};

void expect_equal_nodes(const GraphNodes& a, const GraphNodes& b) {
  EXPECT_EQ(a.n_layers, b.n_layers);
  EXPECT_EQ(a.input_ids, b.input_ids);
  EXPECT_EQ(a.tokens, b.tokens);
  EXPECT_EQ(a.active_features, b.active_features);
  EXPECT_EQ(a.activation_values, b.activation_values);
  EXPECT_EQ(a.selected_features, b.selected_features);
  ASSERT_EQ(a.targets.size(), b.targets.size());
  for (std::size_t i = 0; i < a.targets.size(); ++i) {
    EXPECT_EQ(a.targets[i].kind, b.targets[i].kind);
    EXPECT_EQ(a.targets[i].token_id, b.targets[i].token_id);
    EXPECT_EQ(a.targets[i].probability, b.targets[i].probability);
    EXPECT_EQ(a.targets[i].label, b.targets[i].label);
    EXPECT_EQ(a.targets[i].display, b.targets[i].display);
    EXPECT_EQ(a.targets[i].position, b.targets[i].position);
    EXPECT_EQ(a.targets[i].layer, b.targets[i].layer);
    EXPECT_EQ(a.targets[i].feature, b.targets[i].feature);
    EXPECT_EQ(a.targets[i].vector, b.targets[i].vector);
  }
}

void expect_equal_provenance(const Provenance& a, const Provenance& b) {
  EXPECT_EQ(a.prompt, b.prompt);
  EXPECT_EQ(a.model_name, b.model_name);
  EXPECT_EQ(a.model_hash, b.model_hash);
  EXPECT_EQ(a.transcoders_name, b.transcoders_name);
  EXPECT_EQ(a.transcoders_hash, b.transcoders_hash);
  EXPECT_EQ(a.scan, b.scan);
  EXPECT_EQ(a.tool_version, b.tool_version);
  EXPECT_EQ(a.settings, b.settings);
  ASSERT_EQ(a.feature_labels.size(), b.feature_labels.size());
  for (const auto& [key, label] : a.feature_labels) {
    ASSERT_TRUE(b.feature_labels.contains(key));
    EXPECT_EQ(label.text, b.feature_labels.at(key).text);
    EXPECT_EQ(label.source, b.feature_labels.at(key).source);
  }
}

void expect_equal(const AttributionGraph& a, const AttributionGraph& b) {
  expect_equal_nodes(a.nodes(), b.nodes());
  expect_equal_provenance(a.provenance(), b.provenance());
  EXPECT_EQ(a.edges().row_offsets, b.edges().row_offsets);
  EXPECT_EQ(a.edges().columns, b.edges().columns);
  EXPECT_EQ(a.edges().weights, b.edges().weights);
  EXPECT_TRUE(std::ranges::equal(a.row_dropped(), b.row_dropped()));
  EXPECT_EQ(a.row_totals().totals, b.row_totals().totals);
  EXPECT_EQ(a.row_totals().absolute_totals, b.row_totals().absolute_totals);
  EXPECT_EQ(a.row_totals().bias_terms, b.row_totals().bias_terms);
  EXPECT_EQ(a.row_totals().pre_activations, b.row_totals().pre_activations);
  EXPECT_EQ(a.similarity().pairs, b.similarity().pairs);
  EXPECT_EQ(a.similarity().cosines, b.similarity().cosines);
}

TEST(GraphFile, LosesNothing) {
  const TempDir folder;
  const AttributionGraph graph = synthetic_graph({.direction = true});
  const PrunedGraph pruned = prune(graph, {0.7, 1.0 / 3});
  write_graph_file(folder / "a.graph.safetensors", graph, &pruned, kScores);
  const GraphFile file = read_graph_file(folder / "a.graph.safetensors");
  expect_equal(graph, file.graph);
  EXPECT_EQ(file.scores.replacement, kScores.replacement);
  EXPECT_EQ(file.scores.completeness, kScores.completeness);
  ASSERT_TRUE(file.pruned);
  EXPECT_EQ(file.pruned->node_mask, pruned.node_mask);
  EXPECT_EQ(file.pruned->edge_mask, pruned.edge_mask);
  EXPECT_EQ(file.pruned->node_cumulative_influence, pruned.node_cumulative_influence);
  EXPECT_EQ(file.pruned->options.node_threshold, 0.7);
  EXPECT_EQ(file.pruned->options.edge_threshold, 1.0 / 3);
}

TEST(GraphFile, LosesNothingOfTargetsOfAllKinds) {
  const TempDir folder;
  const AttributionGraph graph = synthetic_graph({.direction = true, .more_targets = true});
  write_graph_file(folder / "a", graph, nullptr, {});
  expect_equal(graph, read_graph_file(folder / "a").graph);
}

// So that files of tokens and differences after the last position stay as they were.
TEST(GraphFile, HoldsPlacesOfTargetsOnlyWhereOneNeedsThem) {
  const TempDir folder;
  write_graph_file(folder / "plain", synthetic_graph({.direction = true}), nullptr, {});
  write_graph_file(folder / "more", synthetic_graph({.more_targets = true}), nullptr, {});
  const Parts plain = parts_of(folder / "plain"), more = parts_of(folder / "more");
  for (const char* name : {"target_positions", "target_features", "target_vectors"}) {
    EXPECT_FALSE(plain.bytes.contains(name)) << name;
    EXPECT_TRUE(more.bytes.contains(name)) << name;
  }
}

TEST(GraphFile, ReadsAVectorWithoutItsNumbers) {
  const TempDir folder;
  write_graph_file(folder / "a", synthetic_graph({.more_targets = true}), nullptr, {});
  Parts parts = parts_of(folder / "a");
  parts.erase("target_vectors");
  write_parts(folder / "a", parts);
  EXPECT_TRUE(read_graph_file(folder / "a").graph.nodes().targets.back().vector.empty());
}

TEST(GraphFile, LosesNothingOfHostileTexts) {
  const TempDir folder;
  const AttributionGraph graph = synthetic_graph(
      {.n_positions = 18, .n_targets = 18, .direction = true, .hostile_text = true});
  write_graph_file(folder / "a", graph, nullptr, {});
  const GraphFile file = read_graph_file(folder / "a");
  expect_equal(graph, file.graph);
  EXPECT_FALSE(file.pruned);
  EXPECT_FALSE(file.scores.replacement);
}

TEST(GraphFile, LosesNothingOfSmallOddGraphs) {
  const TempDir folder;
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    const AttributionGraph graph = testing::random_graph({.seed = seed});
    write_graph_file(folder / "a", graph, nullptr, {});
    expect_equal(graph, read_graph_file(folder / "a").graph);
  }
}

TEST(GraphFile, KeepsAGraphWithoutOptionalParts) {
  const TempDir folder;
  const AttributionGraph full = synthetic_graph();
  const AttributionGraph graph(full.nodes(), full.edges());
  write_graph_file(folder / "a", graph, nullptr, {});
  expect_equal(graph, read_graph_file(folder / "a").graph);
}

TEST(GraphFile, IsByteIdenticalWhenWrittenTwice) {
  const TempDir folder;
  const AttributionGraph graph = synthetic_graph();
  const PrunedGraph pruned = prune(graph);
  write_graph_file(folder / "a", graph, &pruned, kScores);
  const GraphFile file = read_graph_file(folder / "a");
  write_graph_file(folder / "b", file.graph, &*file.pruned, file.scores);
  EXPECT_EQ(read_text(folder / "a"), read_text(folder / "b"));
}

TEST(GraphFile, HasTheTensorsOfTheContract) {
  const TempDir folder;
  const AttributionGraph graph = synthetic_graph();
  const PrunedGraph pruned = prune(graph);
  write_graph_file(folder / "a", graph, &pruned, kScores);
  const SafetensorsFile file = SafetensorsFile::open(folder / "a");
  const auto described = [&](const char* name) {
    return std::string(name_of(file.view(name).dtype)) + " " + to_string(file.view(name).shape);
  };
  const std::string n = std::to_string(graph.n_nodes()), e = std::to_string(graph.edges().edges());
  EXPECT_EQ(described("input_ids"), "I32 [8]");
  EXPECT_EQ(described("active_features"),
            "I32 [" + std::to_string(graph.nodes().active_features.size()) + ", 3]");
  EXPECT_EQ(described("row_offsets"), "I64 [" + std::to_string(graph.n_nodes() + 1) + "]");
  EXPECT_EQ(described("columns"), "I32 [" + e + "]");
  EXPECT_EQ(described("weights"), "F32 [" + e + "]");
  EXPECT_EQ(described("target_probabilities"), "F32 [3]");
  EXPECT_EQ(described("row_dropped"), "F32 [" + n + "]");
  EXPECT_EQ(described("node_mask"), "U8 [" + n + "]");
  EXPECT_EQ(described("edge_mask"), "U8 [" + e + "]");
  EXPECT_EQ(described("node_cumulative_influence"), "F32 [" + n + "]");
  EXPECT_EQ(file.metadata().at("format"), "circuit.graph");
  EXPECT_EQ(file.metadata().at("version"), "1");
  EXPECT_EQ(file.metadata().at("n_layers"), "6");
  EXPECT_EQ(file.metadata().at("pruned"), "true");
}

TEST(GraphFile, KeepsProbabilitiesThatAreFloatsInOneTensor) {
  const TempDir folder;
  GraphNodes nodes = synthetic_graph().nodes();
  for (Target& target : nodes.targets) target.probability = 0.25;
  write_graph_file(folder / "a", {nodes, synthetic_graph().edges()}, nullptr, {});
  EXPECT_FALSE(SafetensorsFile::open(folder / "a").contains("target_weights"));
  EXPECT_EQ(read_graph_file(folder / "a").graph.nodes().targets[0].probability, 0.25);
}

TEST(GraphFile, RefusesToWriteTextThatIsNotUtf8) {
  const TempDir folder;
  const AttributionGraph full = synthetic_graph();
  Provenance provenance;
  provenance.prompt = "a\xFF";
  const AttributionGraph graph(full.nodes(), full.edges(), {}, {}, provenance);
  EXPECT_EQ(message_of<std::invalid_argument>(
                [&] { write_graph_file(folder / "a", graph, nullptr, {}); }),
            "[write_graph_file] prompt 'a\\xFF' is not valid UTF-8");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(GraphFile, RefusesToWriteMasksOfAnotherGraph) {
  const TempDir folder;
  const AttributionGraph graph = synthetic_graph();
  PrunedGraph pruned = prune(graph);
  pruned.node_mask.pop_back();
  EXPECT_NE(message_of<std::invalid_argument>([&] {
              write_graph_file(folder / "a", graph, &pruned, {});
            }).find("node_mask has "),
            std::string::npos);
}

TEST(GraphFile, LeavesNothingBehindOnAFullDisk) {
  const TempDir folder;
  const AttributionGraph graph = synthetic_graph();
  const testing::FileSizeLimit limit(1000);
  EXPECT_NE(message_of<std::runtime_error>([&] {
              write_graph_file(folder / "a", graph, nullptr, {});
            }).find("[write_safetensors] "),
            std::string::npos);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

/// Two layers, two positions, three active features of which two are selected, one edge.
AttributionGraph small_graph() {
  GraphNodes nodes;
  nodes.n_layers = 2;
  nodes.input_ids = {5, 6};
  nodes.tokens = {"a", "b"};
  nodes.active_features = {{0, 1, 3}, {0, 1, 9}, {1, 1, 4}};
  nodes.activation_values = {1, 2, 3};
  nodes.selected_features = {0, 2};
  nodes.targets = {{TargetKind::kToken, 7, 0.5, " x", " x"}};
  EdgeMatrix edges;
  edges.row_offsets = {0, 0, 2, 2, 2, 2, 2, 2, 2, 3};
  edges.columns = {0, 6, 1};
  edges.weights = {0.5f, 0.25f, -1};
  return {nodes, edges};
}

/// What reading says about a good file after `spoil`, without "[read_graph_file] PATH: ".
std::string error_after(const std::function<void(Parts&)>& spoil) {
  const TempDir folder;
  const AttributionGraph graph = small_graph();
  const PrunedGraph pruned = prune(graph);
  write_graph_file(folder / "a", graph, &pruned, kScores);
  Parts parts = parts_of(folder / "a");
  spoil(parts);
  write_parts(folder / "b", parts);
  const std::string message =
      message_of<std::runtime_error>([&] { read_graph_file(folder / "b"); });
  const std::string prefix = "[read_graph_file] " + (folder / "b").string() + ": ";
  return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
}

TEST(GraphFileErrors, AreNoneForAGoodFile) {
  EXPECT_EQ(error_after([](Parts&) {}), "nothing was thrown");
}

TEST(GraphFileErrors, NameAFileThatIsNotThere) {
  EXPECT_NE(
      message_of<std::runtime_error>([] { read_graph_file("/nowhere/a"); }).find("/nowhere/a"),
      std::string::npos);
}

TEST(GraphFileErrors, NameMissingTensors) {
  const std::map<std::string, std::string> expected = {{"input_ids", "I32 [-1]"},
                                                       {"active_features", "I32 [-1, 3]"},
                                                       {"activation_values", "F32 [3]"},
                                                       {"selected_features", "I32 [-1]"},
                                                       {"row_offsets", "I64 [10]"},
                                                       {"columns", "I32 [-1]"},
                                                       {"weights", "F32 [3]"},
                                                       {"target_token_ids", "I32 [-1]"},
                                                       {"target_probabilities", "F32 [1]"},
                                                       {"node_mask", "U8 [9]"},
                                                       {"edge_mask", "U8 [3]"},
                                                       {"node_cumulative_influence", "F32 [9]"}};
  for (const auto& [name, shape] : expected) {
    EXPECT_EQ(error_after([&](Parts& parts) { parts.erase(name); }),
              "tensor " + name + ": is missing, expected " + shape);
  }
}

TEST(GraphFileErrors, NameTensorsOfAnotherShapeOrType) {
  EXPECT_EQ(error_after([](Parts& p) { p.shorten("activation_values"); }),
            "tensor activation_values: is F32 [2], expected F32 [3]");
  EXPECT_EQ(error_after([](Parts& p) { p.shorten("weights"); }),
            "tensor weights: is F32 [2], expected F32 [3]");
  EXPECT_EQ(error_after([](Parts& p) { p.shorten("row_dropped"); }),
            "tensor row_dropped: is F32 [8], expected F32 [9]");
  EXPECT_EQ(error_after([](Parts& p) { p.shorten("node_mask"); }),
            "tensor node_mask: is U8 [8], expected U8 [9]");
  EXPECT_EQ(error_after([](Parts& p) { p.shapes.at("input_ids").first = Dtype::kF32; }),
            "tensor input_ids: is F32 [2], expected I32 [-1]");
  EXPECT_EQ(error_after([](Parts& p) { p.shapes.at("active_features").second = {9}; }),
            "tensor active_features: is I32 [9], expected I32 [-1, 3]");
}

TEST(GraphFileErrors, NameValuesOutOfRange) {
  EXPECT_EQ(
      error_after([](Parts& p) { p.set<std::int32_t>("active_features", 3, 2); }),
      "tensor active_features: row 1 is (2, 1, 9), expected a layer below 2, a position below "
      "2, a feature of at least 0");
  EXPECT_EQ(error_after([](Parts& p) { p.set<std::int32_t>("selected_features", 1, 3); }),
            "tensor selected_features: entry 1 is 3, expected 0 to 2");
  EXPECT_EQ(error_after([](Parts& p) { p.set<std::int32_t>("columns", 2, 9); }),
            "tensor columns: entry 2 is 9, expected 0 to 8");
  EXPECT_EQ(error_after([](Parts& p) { p.set<std::int64_t>("row_offsets", 9, 2); }),
            "tensor row_offsets: runs from 0 to 2, expected ascending from 0 to the 3 edges");
  EXPECT_EQ(
      error_after([](Parts& p) { p.set<std::int64_t>("row_offsets", 4, 1); }),
      "tensor row_offsets: runs from 0 to 3 with steps down, expected ascending from 0 to the 3 "
      "edges");
  EXPECT_EQ(error_after([](Parts& p) { p.set<float>("weights", 1, std::nanf("")); }),
            "tensor weights: entry 1 is nan, expected finite numbers");
  EXPECT_EQ(error_after([](Parts& p) { p.set<std::int32_t>("target_token_ids", 0, -2); }),
            "tensor target_token_ids: entry 0 is -2, expected -1 to 2147483647");
  EXPECT_EQ(error_after([](Parts& p) { p.set<std::int32_t>("target_token_ids", 0, -1); }),
            "tensor target_token_ids: entry 0 is -1, expected at least 0 for a token");
  EXPECT_EQ(error_after([](Parts& p) { p.set<std::uint8_t>("target_kinds", 0, 1); }),
            "tensor target_token_ids: entry 0 is 7, expected -1 for what is no token");
  EXPECT_EQ(error_after([](Parts& p) { p.set<std::uint8_t>("target_kinds", 0, 4); }),
            "tensor target_kinds: entry 0 is 4, expected 0 to 3");
  EXPECT_EQ(error_after([](Parts& p) { p.set<std::uint8_t>("edge_mask", 2, 7); }),
            "tensor edge_mask: entry 2 is 7, expected 0 to 1");
}

TEST(GraphFileErrors, PassOnWhatTheGraphItselfRefuses) {
  EXPECT_NE(error_after([](Parts& p) {
              p.set<std::int32_t>("columns", 0, 1);
            }).find("[AttributionGraph]"),
            std::string::npos);
  EXPECT_NE(error_after([](Parts& p) {
              p.set<float>("target_probabilities", 0, -1);
            }).find("[AttributionGraph]"),
            std::string::npos);
}

TEST(GraphFileErrors, NameMasksOfAFileThatSaysItIsNotPruned) {
  EXPECT_EQ(error_after([](Parts& p) { p.metadata["pruned"] = "false"; }),
            "tensor node_mask: is there, but metadata pruned is not 'true'");
}

TEST(GraphFileErrors, NameListsInMetadataOfAnotherLength) {
  EXPECT_EQ(error_after([](Parts& p) { p.metadata["tokens"] = "[\"a\"]"; }),
            "metadata tokens: has 1 entries, expected 2");
  EXPECT_EQ(error_after([](Parts& p) { p.metadata["target_labels"] = "[]"; }),
            "metadata target_labels: has 0 entries, expected 1");
  EXPECT_EQ(error_after([](Parts& p) { p.metadata["target_displays"] = "[]"; }),
            "metadata target_displays: has 0 entries, expected 1");
  EXPECT_EQ(error_after([](Parts& p) { p.metadata.erase("format"); }),
            "metadata format: is missing, expected circuit.graph");
}

TEST(GraphFile, ReadsAFileWithoutWhatIsOptional) {
  EXPECT_EQ(error_after([](Parts& p) {
              for (const char* name : {"row_dropped", "target_kinds"}) p.erase(name);
              for (const char* key : {"target_displays", "settings", "feature_labels", "prompt",
                                      "replacement_score", "completeness_score"}) {
                p.metadata.erase(key);
              }
            }),
            "nothing was thrown");
}

}  // namespace
}  // namespace circuit
