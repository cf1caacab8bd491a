#include "export/viewer/viewer_json.h"

#include <limits>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "export/names/node_names.h"
#include "graph/prune.h"
#include "tests/export/viewer/viewer_rules.h"
#include "tests/support/random_graph.h"
#include "tests/support/synthetic_graph.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using Json = nlohmann::ordered_json;
using testing::broken_viewer_rules;
using testing::synthetic_graph;

const Scores kScores{.replacement = 0.8125, .completeness = 0.9375};

Json exported(const AttributionGraph& graph, const PrunedGraph& pruned,
              const ViewerOptions& options = {.slug = "dallas", .scores = kScores}) {
  return Json::parse(viewer_json(graph, pruned, options));
}

std::vector<std::string> keys_of(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& item : object.items()) keys.push_back(item.key());
  return keys;
}

TEST(ViewerJson, KeepsTheLoadRulesOfAllViewers) {
  const AttributionGraph graph = synthetic_graph({.direction = true});
  EXPECT_EQ(broken_viewer_rules(viewer_json(graph, prune(graph))), std::vector<std::string>());
}

TEST(ViewerJson, KeepsTheLoadRulesForTargetsOfAllKinds) {
  for (const bool hostile : {false, true}) {
    const AttributionGraph graph =
        synthetic_graph({.direction = true, .hostile_text = hostile, .more_targets = true});
    EXPECT_EQ(broken_viewer_rules(viewer_json(graph, prune(graph))), std::vector<std::string>());
  }
}

TEST(ViewerJson, PutsTargetsWhereTheyRead) {
  const AttributionGraph graph = synthetic_graph({.more_targets = true});
  const Json json = exported(graph, prune(graph));
  std::vector<std::string> found;
  for (const Json& node : json["nodes"]) {
    if (node["feature_type"] != "logit" || node["ctx_idx"] == 7) continue;
    found.push_back(node["node_id"].get<std::string>() + " " + node["clerp"].get<std::string>());
  }
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].substr(0, 8), "7_900_5 ");
  // Feature ids are those of the vocabulary and behind it: 16,384 ids and four targets before it.
  EXPECT_EQ(found[1],
            "7_" + std::to_string(target_id(graph, 4)) + "_5 Feature \"L3/77 at 5\" (p=1.000)");
}

TEST(ViewerJson, KeepsTheLoadRulesForHostileTexts) {
  const AttributionGraph graph = synthetic_graph(
      {.n_positions = 18, .n_targets = 18, .direction = true, .hostile_text = true});
  const std::string json = viewer_json(graph, prune(graph, {1, 1}), {.slug = "hostile"});
  EXPECT_EQ(broken_viewer_rules(json), std::vector<std::string>());
}

TEST(ViewerJson, KeepsTheLoadRulesForSmallOddGraphs) {
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    const AttributionGraph graph = testing::random_graph({.seed = seed, .ties = seed % 2 == 0});
    EXPECT_EQ(broken_viewer_rules(viewer_json(graph, prune(graph))), std::vector<std::string>())
        << "seed " << seed;
  }
}

TEST(ViewerJson, KeepsTheLoadRulesForWhatAPersonMade) {
  const AttributionGraph graph = synthetic_graph();
  const ViewState state{.pinned_ids = {"7_500_7"},
                        .supernodes = {{"a \"name\"", {"7_500_7"}}, {"", {}}},
                        .clerps = {{"7_500_7", "\\"}}};
  const std::string json = viewer_json(graph, prune(graph), {.slug = "s", .state = state});
  EXPECT_EQ(broken_viewer_rules(json), std::vector<std::string>());
  const Json params = Json::parse(json)["qParams"];
  EXPECT_EQ(params["supernodes"][0], Json({"a \"name\"", "7_500_7"}));
  EXPECT_EQ(Json::parse(params["clerps"].get<std::string>()),
            Json::array({Json::array({"7_500_7", "\\"})}));
}

TEST(ViewerJson, HasExactlyTheKeptNodesAndEdges) {
  const AttributionGraph graph = synthetic_graph();
  const PrunedGraph pruned = prune(graph);
  const Json json = exported(graph, pruned);
  std::set<std::string> expected, found;
  for (std::size_t node = 0; node < graph.n_nodes(); ++node) {
    if (pruned.node_mask[node] != 0) expected.insert(name_node(graph, node).node_id);
  }
  for (const Json& node : json["nodes"]) found.insert(node["node_id"]);
  EXPECT_EQ(found, expected);
  EXPECT_EQ(json["links"].size(), pruned.kept_edges());
  EXPECT_GT(json["links"].size(), 0u);
}

TEST(ViewerJson, LeavesOutLinksToNodesThatAreNotKept) {
  const AttributionGraph graph = synthetic_graph();
  PrunedGraph pruned = prune(graph, {1, 1});
  pruned.node_mask[0] = 0;
  EXPECT_EQ(broken_viewer_rules(viewer_json(graph, pruned)), std::vector<std::string>());
}

TEST(ViewerJson, WritesNodeKeysInThePeersOrder) {
  const AttributionGraph graph = synthetic_graph();
  const Json json = exported(graph, prune(graph));
  EXPECT_EQ(keys_of(json),
            (std::vector<std::string>{"metadata", "qParams", "nodes", "links", "circuit"}));
  EXPECT_EQ(keys_of(json["nodes"][0]),
            (std::vector<std::string>{"node_id", "feature", "layer", "ctx_idx", "feature_type",
                                      "token_prob", "is_target_logit", "run_idx", "reverse_ctx_idx",
                                      "jsNodeId", "clerp", "influence", "activation"}));
  EXPECT_EQ(keys_of(json["links"][0]), (std::vector<std::string>{"source", "target", "weight"}));
}

TEST(ViewerJson, WritesWhatAPersonMadeOfTheGraph) {
  const AttributionGraph graph = synthetic_graph();
  const ViewState view{.pinned_ids = {"1_2_3", "E_4_5"},
                       .supernodes = {{"a \"b\"", {"1_2_3"}}, {"\xFF", {}}},
                       .clerps = {{"1_2_3", "big, & small"}}};
  const Json json = Json::parse(viewer_json(graph, prune(graph), {.state = view}));
  EXPECT_EQ(json["qParams"]["pinnedIds"], Json({"1_2_3", "E_4_5"}));
  EXPECT_EQ(json["qParams"]["supernodes"], Json::parse(R"([["a \"b\"","1_2_3"],["\\xFF"]])"));
  EXPECT_EQ(json["qParams"]["clerps"], R"([["1_2_3","big, & small"]])");  // a text of JSON
  EXPECT_EQ(broken_viewer_rules(viewer_json(graph, prune(graph), {.state = view})),
            std::vector<std::string>());
}

TEST(ViewerJson, SaysWhereTheGraphComesFrom) {
  const AttributionGraph graph = synthetic_graph();
  const Json metadata = exported(graph, prune(graph, {0.7, 0.9}))["metadata"];
  EXPECT_EQ(metadata["slug"], "dallas");
  EXPECT_EQ(metadata["scan"], "synthetic-clt");
  EXPECT_EQ(metadata["prompt"], graph.provenance().prompt);
  EXPECT_EQ(metadata["prompt_tokens"], Json(graph.nodes().tokens));
  EXPECT_EQ(metadata["n_layers"], 6);
  EXPECT_EQ(metadata["node_threshold"], 0.7);
  EXPECT_EQ(metadata["schema_version"], 1);
  EXPECT_EQ(metadata["transcoder_list"], Json::array());
  EXPECT_EQ(metadata["info"]["generator"]["name"], "circuit");
  EXPECT_EQ(metadata["info"]["generator"]["version"], "0.1.0");
  EXPECT_EQ(metadata["generation_settings"]["max_feature_nodes"], 7500);
  EXPECT_EQ(metadata["generation_settings"]["desired_logit_prob"], 0.95);
  EXPECT_EQ(metadata["generation_settings"]["target"], "a \"b\" \\ c");
  EXPECT_EQ(metadata["pruning_settings"]["edge_threshold"], 0.9);
  EXPECT_EQ(metadata["replacement_score"], 0.8125);
  EXPECT_EQ(metadata["completeness_score"], 0.9375);
}

TEST(ViewerJson, LeavesOutScoresThatDoNotExist) {
  const AttributionGraph graph = synthetic_graph();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Json metadata = exported(graph, prune(graph),
                                 {.scores = {.replacement = nan, .completeness = {}}})["metadata"];
  EXPECT_FALSE(metadata.contains("replacement_score"));
  EXPECT_FALSE(metadata.contains("completeness_score"));
  EXPECT_EQ(metadata["slug"], "the-capital-of-the-state-containing-Dallas-is");
}

TEST(ViewerJson, LeavesOutTheSchemaVersionWhenFeaturesLieAtAWebAddress) {
  const AttributionGraph graph = synthetic_graph();
  const Json metadata =
      exported(graph, prune(graph), {.feature_json_base_url = "https://example.org/f"})["metadata"];
  EXPECT_FALSE(metadata.contains("schema_version"));
  EXPECT_EQ(metadata["feature_details"]["feature_json_base_url"], "https://example.org/f");
  const Json other =
      exported(graph, prune(graph), {.neuronpedia_source_set = "set-16k"})["metadata"];
  EXPECT_EQ(other["schema_version"], 1);
  EXPECT_EQ(other["feature_details"]["neuronpedia_source_set"], "set-16k");
}

TEST(ViewerJson, WritesValuesOfEveryKindOfNode) {
  const AttributionGraph graph = synthetic_graph();
  const PrunedGraph pruned = prune(graph, {1, 1});
  std::set<std::string> types;
  const Json json = exported(graph, pruned);
  for (const Json& node : json["nodes"]) {
    types.insert(node["feature_type"]);
    const bool feature = node["feature_type"] == "cross layer transcoder";
    const bool target = node["feature_type"] == "logit";
    EXPECT_EQ(node["activation"].is_number(), feature) << node;
    EXPECT_EQ(node["influence"].is_null(), target) << node;
    EXPECT_EQ(node["token_prob"] > 0, target) << node;
  }
  EXPECT_EQ(types, (std::set<std::string>{"cross layer transcoder", "embedding", "logit",
                                          "mlp reconstruction error"}));
}

TEST(ViewerJson, MarksTheFirstTargetOnly) {
  const AttributionGraph graph = synthetic_graph();
  std::vector<std::string> marked;
  const Json json = exported(graph, prune(graph));
  for (const Json& node : json["nodes"]) {
    if (node["is_target_logit"]) marked.push_back(node["node_id"]);
  }
  EXPECT_EQ(marked, (std::vector<std::string>{"7_500_7"}));
}

TEST(ViewerJson, ReplacesBytesThatAreNotText) {
  GraphNodes nodes = synthetic_graph().nodes();
  Provenance provenance;
  provenance.prompt = "a\xFFz";
  provenance.model_name = "\xC3";
  const AttributionGraph graph(nodes, synthetic_graph().edges(), {}, {}, provenance);
  const Json metadata = exported(graph, prune(graph))["metadata"];
  EXPECT_EQ(metadata["prompt"], "a\\xFFz");
  EXPECT_EQ(metadata["scan"], "graph");
}

TEST(ViewerJson, IsTheSameTextForTheSameGraph) {
  const AttributionGraph graph = synthetic_graph();
  EXPECT_EQ(viewer_json(graph, prune(graph)), viewer_json(synthetic_graph(), prune(graph)));
}

TEST(ViewerJson, RefusesMasksOfAnotherGraph) {
  const AttributionGraph graph = synthetic_graph();
  PrunedGraph pruned = prune(graph);
  pruned.edge_mask.pop_back();
  EXPECT_NE(testing::message_of<std::invalid_argument>([&] {
              viewer_json(graph, pruned);
            }).find("[kept_graph] edge_mask has "),
            std::string::npos);
}

}  // namespace
}  // namespace circuit
