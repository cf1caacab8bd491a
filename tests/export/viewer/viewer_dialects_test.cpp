// Viewer files of other programs, tests/golden/viewers, and files that are wrong.
#include <bit>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "export/names/node_ids.h"
#include "export/names/node_names.h"
#include "export/viewer/viewer_json_read.h"
#include "graph/kept_graph.h"
#include "tests/export/viewer/viewer_rules.h"
#include "tests/support/golden_case.h"
#include "tests/support/synthetic_graph.h"
#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::filesystem::path kViewers = std::filesystem::path(CIRCUIT_GOLDEN_DIR) / "viewers";

Json fixture(const std::string& name) {
  return Json::parse(testing::read_text(kViewers / (name + ".json")));
}

ViewerFile read_text(const std::string& text) {
  const testing::TempDir folder;
  testing::write_text(folder / "g.json", text);
  return read_viewer_json(folder / "g.json");
}

/// What is said of a file that is wrong, behind its name.
std::string complaint(const std::string& text) {
  const std::string line = testing::message_of<std::runtime_error>([&] { read_text(text); });
  const std::size_t at = line.find("g.json: ");
  return line.starts_with("[read_viewer_json] ") && at != std::string::npos ? line.substr(at + 8)
                                                                            : "no: " + line;
}

std::map<std::string, float> edges_of(const ViewerFile& file) {
  std::map<std::string, float> edges;
  for (const KeptEdge& edge : kept_graph(file.content.graph, *file.content.pruned).edges) {
    edges[describe_node(file.content.graph, edge.source) + " > " +
          describe_node(file.content.graph, edge.target)] = edge.weight;
  }
  return edges;
}

std::vector<ActiveFeature> features_of(const ViewerFile& file) {
  return file.content.graph.nodes().active_features;
}

/// Index of `node` of the graph among the nodes of the case, whose features are other ones too.
std::size_t case_index(const testing::GoldenCase& golden, const AttributionGraph& graph,
                       std::size_t node) {
  const std::size_t others = golden.selected_features.size();
  if (node >= graph.first_error()) return others + node - graph.first_error();
  const Node what = graph.node(node);
  for (std::size_t i = 0; i < others; ++i) {
    if (golden.active_features[static_cast<std::size_t>(golden.selected_features[i])] ==
        ActiveFeature{what.layer, what.position, what.feature}) {
      return i;
    }
  }
  return golden.n_nodes();
}

/// Error and feature 0 of layer 0 at position 14 are both `0_0_14` in this file; five links come
/// from one or the other.
TEST(ViewerDialects, GivesEveryLinkOfCircuitTracerToTheNodeThatItComesFrom) {
  const ViewerFile file = read_viewer_json(kViewers / "circuit-tracer.json");
  const testing::GoldenCase golden =
      testing::load_golden_case(CIRCUIT_GOLDEN_DIR, "gemma2-plt-jumprelu", "capped");
  const AttributionGraph& graph = file.content.graph;
  ASSERT_EQ(graph.n_layers(), 3u);
  EXPECT_EQ(graph.nodes().input_ids, golden.input_ids);
  const Json json = fixture("circuit-tracer");
  ASSERT_EQ(graph.edges().edges(), json["links"].size());
  ASSERT_EQ(file.content.pruned->kept_nodes(), json["nodes"].size());
  for (std::size_t row = 0; row < graph.n_nodes(); ++row) {
    const std::size_t target = case_index(golden, graph, row);
    for (std::size_t e = graph.edges().begin(row); e < graph.edges().end(row); ++e) {
      const auto source =
          case_index(golden, graph, static_cast<std::size_t>(graph.edges().columns[e]));
      ASSERT_LT(std::max(source, target), golden.n_nodes());
      EXPECT_EQ(graph.edges().weights[e], golden.adjacency[target * golden.n_nodes() + source])
          << describe_node(graph, row) << " edge " << e;
    }
  }
  EXPECT_THAT(file.warnings, ElementsAre("1 nodes have the id of another node"));
}

TEST(ViewerDialects, ReadsTheNumbersOfCircuitTracer) {
  const ViewerFile file = read_viewer_json(kViewers / "circuit-tracer.json");
  const testing::GoldenCase golden =
      testing::load_golden_case(CIRCUIT_GOLDEN_DIR, "gemma2-plt-jumprelu", "capped");
  const AttributionGraph& graph = file.content.graph;
  for (std::size_t node = 0; node < graph.first_token(); ++node) {
    if (file.content.pruned->node_mask[node] == 0) continue;
    const std::size_t other = case_index(golden, graph, node);
    ASSERT_LT(other, golden.n_nodes());
    EXPECT_EQ(file.content.pruned->node_cumulative_influence[node],
              golden.node_cumulative_influence[other]);
    if (node >= graph.n_features()) continue;
    EXPECT_EQ(graph.activation(node),
              golden.activation_values[static_cast<std::size_t>(golden.selected_features[other])]);
  }
  ASSERT_EQ(graph.n_targets(), golden.logit_token_ids.size());
  for (std::size_t i = 0; i < graph.n_targets(); ++i) {
    EXPECT_EQ(graph.nodes().targets[i].token_id, golden.logit_token_ids[i]);
    EXPECT_EQ(static_cast<float>(graph.nodes().targets[i].probability),
              golden.logit_probabilities[i]);
  }
  EXPECT_EQ(file.options.scan, "tiny-clt");
  EXPECT_EQ(file.content.pruned->options.node_threshold, 1);
}

/// Attention features read other positions of layers below and are read by the same layer's MLP.
TEST(ViewerDialects, PutsAttentionFeaturesOfNeuronpediaBetweenLayers) {
  const ViewerFile file = read_viewer_json(kViewers / "neuronpedia.json");
  const AttributionGraph& graph = file.content.graph;
  EXPECT_EQ(graph.n_layers(), 4u);
  EXPECT_THAT(features_of(file), ElementsAre(ActiveFeature{0, 1, 5}, ActiveFeature{1, 1, 5},
                                             ActiveFeature{2, 2, 7}, ActiveFeature{3, 2, 70000}));
  EXPECT_EQ(graph.nodes().input_ids, (std::vector<std::int32_t>{2, 17, 23}));
  EXPECT_EQ(edges_of(file).size(), 8u);
  EXPECT_EQ(edges_of(file).at("error L3 at 2 > Output \" !\" (p=0.625)"), -0.125F);
  EXPECT_EQ(graph.nodes().targets[0].label, " !");
  EXPECT_EQ(graph.nodes().targets[0].token_id, 31);
  EXPECT_EQ(graph.provenance().settings.at("max-logits"), "5");
  EXPECT_THAT(file.warnings,
              ElementsAre("1 nodes of a type that graphs do not have left out, such as 'bias'",
                          "1 links to or from nodes that are not there left out",
                          "1 nodes with QK results that name no head and no key left out",
                          "attention features: layer L is read as layers 2L (attention), 2L+1 "
                          "(MLP)"));
}

/// circuit-tracer's frontend saves what stood in the address: texts instead of lists.
TEST(ViewerDialects, ReadsPinsAndSupernodesThatAreTexts) {
  const ViewState state = read_viewer_json(kViewers / "neuronpedia.json").options.state;
  EXPECT_THAT(state.pinned_ids, ElementsAre("1_5_1", "5_31_2"));
  ASSERT_EQ(state.supernodes.size(), 1u);
  EXPECT_EQ(state.supernodes[0].name, "greeting");
  EXPECT_THAT(state.supernodes[0].node_ids, ElementsAre("0_5_1", "1_5_1"));
  EXPECT_THAT(state.clerps,
              ElementsAre(std::pair<std::string, std::string>("0_5_1", "says hello")));
}

/// The file's own ids mean nothing once its nodes have ours.
TEST(ViewerDialects, PutsOurIdsInPlaceOfTheFiles) {
  const std::map<std::string, std::vector<std::pair<std::string, std::string>>> ids = {
      {"circuit-tracer", {{"0_8_7", "0_8_7"}, {"0_0_14", "0_0_14"}, {"0_0_2", "0_-1_2"}}},
      {"neuronpedia", {{"1_lor_7_2", "2_7_2"}, {"1_error_attn_2", "2_-1_2"}, {"E_2_0", "E_2_0"}}},
      {"old-gemma", {{"23_2312237_2", "23_12237_2"}, {"0_23_2", "23_-1_2"}, {"E_1-0", "E_9122_1"}}},
      {"eleuther",
       {{"intermediate_1_2_40", "2_40_1"}, {"error_1_0", "0_-1_1"}, {"input_0", "E_-1_0"}}}};
  for (const auto& [name, pairs] : ids) {
    Json json = fixture(name);
    Json &pins = json["qParams"]["pinnedIds"] = Json::array(), group = Json::array({"g"});
    std::vector<std::string> ours;
    for (const auto& [theirs, our] : pairs) {
      pins.push_back(theirs);
      group.push_back(theirs);
      ours.push_back(our);
    }
    json["qParams"]["supernodes"] = Json::array({group, Json::array({"gone", "9_9_9"})});
    json["qParams"]["clerps"] = Json::array({Json::array({pairs[0].first, "my label"})});
    const ViewerFile file = read_text(json.dump());
    const ViewState& state = file.options.state;
    EXPECT_EQ(state.pinned_ids, ours) << name;
    EXPECT_EQ(state.supernodes, (std::vector<ViewState::Supernode>{{"g", ours}})) << name;
    EXPECT_THAT(state.clerps,
                ElementsAre(std::pair<std::string, std::string>(ours[0], "my label")));
    EXPECT_THAT(file.warnings,
                Contains("1 ids of pins, groups or labels that name no node left out"));
    const Node feature = file.content.graph.node(
        find_nodes(file.content.graph, parse_node_id(ours[0]).value()).at(0));
    EXPECT_EQ(feature_label(file.content.graph, feature.layer, feature.feature), "my label");
    for (const std::string& id : ours) {
      EXPECT_EQ(find_nodes(file.content.graph, parse_node_id(id).value()).size(), 1u) << id;
    }
  }
}

TEST(ViewerDialects, ReadsTheFirstFilesOfGemma) {
  const ViewerFile file = read_viewer_json(kViewers / "old-gemma.json");
  EXPECT_THAT(features_of(file), ElementsAre(ActiveFeature{0, 1, 12}, ActiveFeature{23, 2, 12237}));
  EXPECT_EQ(file.content.graph.n_layers(), 26u);
  EXPECT_EQ(feature_label(file.content.graph, 23, 12237), "colon");
  EXPECT_EQ(edges_of(file).at("error L23 at 2 > Output \" The\" (p=0.250)"), 0.5F);
  EXPECT_THAT(file.warnings, ElementsAre("3 nodes without influence: the least"));
}

TEST(ViewerDialects, ReadsFilesOfEleuther) {
  const ViewerFile file = read_viewer_json(kViewers / "eleuther.json");
  EXPECT_THAT(features_of(file), ElementsAre(ActiveFeature{2, 1, 40}, ActiveFeature{3, 1, 7}));
  EXPECT_EQ(file.content.graph.n_layers(), 4u);
  EXPECT_EQ(file.content.graph.nodes().targets[0].probability, 0.5);
  EXPECT_EQ(file.content.graph.nodes().targets[0].kind, TargetKind::kDifference);
  EXPECT_THAT(file.warnings,
              ElementsAre("5 nodes without influence: computed from what the file holds",
                          "2 tokens without id: -1"));
}

TEST(ViewerDialects, WritesWhatItReadSoThatAllViewersOpenIt) {
  for (const char* name : {"circuit-tracer", "neuronpedia", "old-gemma", "eleuther"}) {
    const ViewerFile file = read_viewer_json(kViewers / (std::string(name) + ".json"));
    const GraphFile& content = file.content;
    const std::string json = viewer_json(content.graph, *content.pruned, file.options);
    std::vector<std::string> broken = testing::broken_viewer_rules(json);
    std::erase(broken, "node_threshold is not positive");  // circuit-tracer itself may write 0
    EXPECT_THAT(broken, IsEmpty()) << name;
    const ViewerFile again = read_text(json);
    EXPECT_EQ(viewer_json(again.content.graph, *again.content.pruned, again.options), json) << name;
  }
}

TEST(ViewerDialects, CountsWhatAGraphCannotHold) {
  Json json = fixture("old-gemma");
  json["links"].push_back({{"source", "9_9_9"}, {"target", "27_578_2"}, {"weight", 1}});
  json["links"].push_back(json["links"][0]);
  json["links"].push_back({{"source", "0_12_1"}, {"target", "27_578_2"}, {"weight", nullptr}});
  json["nodes"].push_back(json["nodes"][3]);
  json["nodes"].push_back(json["nodes"][1]);
  json["nodes"].back()["feature_type"] = "supernode";
  const ViewerFile file = read_text(json.dump());
  EXPECT_THAT(file.warnings,
              ElementsAre("1 nodes of a type that graphs do not have left out, such as "
                          "'supernode'",
                          "1 nodes stand there again: the first counts",
                          "1 links to or from nodes that are not there left out",
                          "1 links without a finite weight left out",
                          "1 links stand there again: the first counts",
                          "3 nodes without influence: the least"));
  EXPECT_EQ(edges_of(file), edges_of(read_viewer_json(kViewers / "old-gemma.json")));
}

TEST(ViewerDialects, TakesNotANumberAsNull) {
  std::string text = testing::read_text(kViewers / "old-gemma.json");
  const auto replace = [&](const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
  };
  replace("\"weight\": 4.5", "\"weight\": NaN");
  replace("\"activation\": 10.5", "\"activation\": -Infinity");
  replace("\"clerp\": \"facts\"", "\"clerp\": \"NaN \\\" Infinity\"");
  const ViewerFile file = read_text(text);
  EXPECT_THAT(
      file.warnings,
      ElementsAre("2 times NaN or Infinity, which are no JSON: taken as null",
                  "1 links without a finite weight left out", "1 features without activation: 0",
                  "3 nodes without influence: the least"));
  EXPECT_EQ(feature_label(file.content.graph, 0, 12), "NaN \" Infinity");
}

TEST(ViewerDialects, SaysWhereAFileIsWrong) {
  const Json good = fixture("old-gemma");
  const auto with = [&](const char* pointer, Json value) {
    Json json = good;
    json[Json::json_pointer(pointer)] = std::move(value);
    return json.dump();
  };
  EXPECT_EQ(complaint(with("/nodes/3/layer", true)), "nodes[3].layer: is true, expected a layer");
  EXPECT_EQ(complaint(with("/nodes/3/layer", 5000)), "nodes[3].layer: is 5000, expected 0 to 4095");
  EXPECT_EQ(complaint(with("/nodes/3/layer", "E")),
            "nodes[3].layer: is no number, expected 0 to 4095");
  EXPECT_EQ(complaint(with("/nodes/3/ctx_idx", 3)),
            "nodes[3].ctx_idx: is 3, expected a position of the 3 tokens");
  EXPECT_EQ(complaint(with("/nodes/3/feature", 1.5)),
            "nodes[3].feature: is 1.5, expected a whole number or null");
  EXPECT_EQ(complaint(with("/nodes/3/clerp", Json::object())),
            "nodes[3].clerp: is an object, expected a text");
  EXPECT_EQ(complaint(with("/links/1/weight", "x")),
            "links[1].weight: is \"x\", expected a number");
  EXPECT_EQ(complaint(with("/links/1/source", 7)), "links[1].source: is 7, expected a text");
  EXPECT_THAT(complaint(with("/links/1/target", "E_2_0")),
              HasSubstr("links[1]: runs from '0_12_1' to 'E_2_0', expected one to a feature"));
  EXPECT_EQ(complaint(with("/metadata/prompt_tokens", nullptr)),
            "metadata.prompt_tokens: is missing, expected a list of the prompt's tokens");
  EXPECT_EQ(complaint(with("/metadata/n_layers", 3)),
            "metadata.n_layers: is 3, expected 24 to 4096");
  EXPECT_EQ(complaint(with("/qParams/supernodes", Json::array({Json::array()}))),
            "qParams.supernodes[0]: is empty, expected a name, then node ids");
  EXPECT_EQ(complaint(with("/nodes", 1)), "nodes: is 1, expected a list");
  Json without = good;
  without["nodes"][2].erase("feature_type");
  EXPECT_EQ(complaint(without.dump()), "nodes[2].feature_type: is missing, expected a text");
  without = good;
  without.erase("links");
  EXPECT_EQ(complaint(without.dump()), "links: is missing, expected a list");
  EXPECT_THAT(complaint("{\"metadata\": "), HasSubstr("is not valid JSON ("));
  EXPECT_EQ(complaint("[]"), "holds no JSON object, expected one");
  EXPECT_THAT(testing::message_of<std::runtime_error>([] { read_viewer_json("/no/such.json"); }),
              HasSubstr("[read_viewer_json] /no/such.json: no such file"));
}

TEST(ViewerDialects, RefusesFeaturesThatAreNoCantorPairWhereMostAre) {
  Json json = fixture("eleuther");
  json["metadata"]["schema_version"] = 1;
  json["nodes"].push_back(json["nodes"][2]);
  json["nodes"].back()["node_id"] = "third";
  json["nodes"].back()["feature"] = 11;
  EXPECT_EQ(complaint(json.dump()),
            "nodes[6].feature: is 11, expected the Cantor pair of layer 2 and an index");
}

TEST(ViewerDialects, RefusesMoreNodesThanAFileOfItsSizeCouldName) {
  Json json = fixture("old-gemma");
  json["metadata"]["n_layers"] = 4096;
  for (int i = 0; i < 60; ++i) json["metadata"]["prompt_tokens"].push_back("x");
  EXPECT_THAT(complaint(json.dump()),
              HasSubstr("metadata.n_layers: 4096 layers of 63 tokens, expected at most 13"));
}

TEST(ViewerDialects, SaysWhatIsWrongWithOurOwnKey) {
  const AttributionGraph graph = testing::synthetic_graph();
  const Json good = Json::parse(viewer_json(graph, prune(graph)));
  const auto with = [&](const char* pointer, Json value) {
    Json json = good;
    json[Json::json_pointer(pointer)] = std::move(value);
    return json.dump();
  };
  EXPECT_EQ(complaint(with("/circuit/metadata/n_layers", "x")),
            "circuit: metadata n_layers: is 'x', expected a number of layers, at least 1");
  EXPECT_EQ(complaint(with("/circuit/metadata/n_layers", "1")).substr(0, 34),
            "circuit.metadata.n_layers: is 1, a");
  EXPECT_EQ(complaint(with("/circuit/input_ids", Json::array({1}))),
            "circuit.input_ids: has 1 entries, expected 8 as prompt_tokens");
  EXPECT_EQ(complaint(with("/circuit/input_ids/0", 1e10)),
            "circuit.input_ids[0]: is 10000000000.0, expected a whole number");
  EXPECT_EQ(complaint(with("/circuit/target_kinds/0", 1)),
            "circuit.target_kinds[0]: is 1 with the id 500, expected 0 for a token, 1 to 3 for the "
            "id -1");
  EXPECT_EQ(complaint(with("/circuit/target_weights", Json::array())),
            "circuit.target_token_ids: has 3 entries, expected as many labels, weights and kinds");
  EXPECT_EQ(complaint(with("/circuit/target_weights/0", -1)).substr(0, 30),
            "[AttributionGraph] target  cap");
}

/// A viewer's own label of a feature counts, with its origin; ours stays where nobody changed it.
TEST(ViewerDialects, TakesLabelsThatWereChangedInAViewer) {
  const AttributionGraph graph = testing::synthetic_graph();
  const PrunedGraph pruned = prune(graph, {.node_threshold = 1});
  Json json = Json::parse(viewer_json(graph, pruned));
  ASSERT_EQ(json["nodes"][0]["feature_type"], "cross layer transcoder");
  json["nodes"][0]["clerp"] = "renamed";
  json["nodes"][1]["clerp"] = "";
  const ViewerFile file = read_text(json.dump());
  const AttributionGraph& read = file.content.graph;
  const auto label = [&](std::size_t i) {
    const Node node = read.node(i);
    return read.provenance().feature_labels.at({node.layer, node.feature});
  };
  EXPECT_EQ(label(0).text, "renamed");
  EXPECT_EQ(label(0).source, "viewer file");
  EXPECT_EQ(label(1).source, "output tokens");
}

}  // namespace
}  // namespace circuit
