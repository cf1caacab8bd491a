#include "export/viewer/viewer_qk.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/export/viewer/viewer_attention_graph.h"
#include "tests/export/viewer/viewer_rules.h"
#include "tests/support/synthetic_attention.h"
#include "tests/support/synthetic_graph.h"

namespace circuit {
namespace {

using Json = nlohmann::ordered_json;

Json written(const AttributionGraph& graph) {
  const std::string json = viewer_json(graph, testing::all_that_matters(graph));
  EXPECT_EQ(testing::broken_viewer_rules(json), std::vector<std::string>{});
  return Json::parse(json);
}

/// The results of a node; null without.
Json results_of(const Json& json, const std::string& id) {
  for (const Json& node : json["nodes"]) {
    if (node["node_id"] == id) return node.value("qk_tracing_results", Json());
  }
  ADD_FAILURE() << "no node " << id;
  return {};
}

TEST(ViewerQk, ShowsTheScoreBehindMostOfWhatReachesANode) {
  const Json json = written(testing::viewer_attention_graph());
  EXPECT_EQ(results_of(json, "1_4_1").dump(),
            R"({"head":"1.4","query":1,"key":0,)"
            R"("pair_wise_contributors":[["0_2_1","E_0_0",1.5],["1_bias_1","0_-1_0",-1]],)"
            R"("top_q_marginal_contributors":[["0_77_1",0.5],["1_bias_1",0.25]],)"
            R"("top_k_marginal_contributors":[["0_1_0",0.125],["1_bias_0",0.5]]})");
}

TEST(ViewerQk, IsSilentWhereNoTabulatedHeadBringsAnything) {
  const Json json = written(testing::viewer_attention_graph());
  // 9→1 comes by 0.3, of which there is no table; 3→11 through the residual stream.
  for (const char* id : {"0_2_1", "3_7_1", "0_1_0", "E_0_0", "0_-1_1"}) {
    EXPECT_TRUE(results_of(json, id).is_null()) << id;
  }
}

TEST(ViewerQk, TakesTheFirstTableThatMayCarryWhenHeadsAreUnknown) {
  AttributionGraph graph = testing::viewer_attention_graph();
  AttentionDetails details = graph.attention();
  details.edge_heads = {};
  graph.set_attention(details);
  const Json json = written(graph);
  EXPECT_EQ(results_of(json, "1_4_1")["head"], "1.0");  // reads a feature at the key, layer 0
  EXPECT_TRUE(results_of(json, "0_2_1").is_null());     // lies below the attention of layer 1
  EXPECT_TRUE(results_of(json, "3_7_1").is_null());     // reads nothing at the key
}

TEST(ViewerQk, DescribesContributorsThatAreNoKeptNodes) {
  AttributionGraph graph = testing::viewer_attention_graph();
  graph.add_feature_labels({{{0, 77}, {"a \"label\"", "a person"}}});
  const Json json = written(graph);
  const Json& nodes = json["qk_only_nodes"];
  std::string ids;
  for (const auto& [id, node] : nodes.items()) ids += id + " ";
  EXPECT_EQ(ids, "0_-1_0 0_77_1 1_bias_0 1_bias_1 ");
  EXPECT_EQ(nodes["1_bias_0"].dump(),
            R"({"node_id":"1_bias_0","feature":null,"layer":"1","ctx_idx":0,)"
            R"("feature_type":"bias","jsNodeId":"1_bias-0","clerp":"biases"})");
  EXPECT_EQ(nodes["0_-1_0"]["feature_type"], "mlp reconstruction error");
  EXPECT_EQ(nodes["0_77_1"]["clerp"], "a \"label\"");
}

TEST(ViewerQk, KeepsToTheSchemaWhateverIsKnown) {
  std::size_t with_results = 0;
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    AttributionGraph graph = testing::synthetic_graph({.seed = seed});
    const PrunedGraph pruned = prune(graph);
    graph.set_attention(
        testing::synthetic_attention(graph, pruned, {.seed = seed, .parts = seed % 2 == 0}));
    const std::string json = viewer_json(graph, pruned);
    EXPECT_EQ(testing::broken_viewer_rules(json), std::vector<std::string>{}) << seed;
    with_results += json.find("qk_tracing_results") == std::string::npos ? 0 : 1;
  }
  EXPECT_GT(with_results, 20U);
}

}  // namespace
}  // namespace circuit
