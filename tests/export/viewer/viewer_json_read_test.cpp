#include "export/viewer/viewer_json_read.h"

#include <algorithm>
#include <bit>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <rapidcheck/gtest.h>

#include "export/names/node_names.h"
#include "graph/kept_graph.h"
#include "graph/prune.h"
#include "tests/export/viewer/viewer_rules.h"
#include "tests/support/graph_generator.h"
#include "tests/support/random_attention.h"
#include "tests/support/random_graph.h"
#include "tests/support/synthetic_graph.h"
#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using Json = nlohmann::ordered_json;
using testing::TempDir;

ViewerFile read_text(const std::string& json) {
  const TempDir folder;
  testing::write_text(folder / "g.json", json);
  return read_viewer_json(folder / "g.json");
}

/// A kept node as viewers know it, with all of its numbers.
using NodeFacts = std::vector<std::string>;

std::string bits_of(float value) { return std::to_string(std::bit_cast<std::uint32_t>(value)); }

std::map<std::string, NodeFacts> facts_of(const AttributionGraph& graph,
                                          const PrunedGraph& pruned) {
  std::map<std::string, NodeFacts> facts;
  for (const std::size_t node : kept_graph(graph, pruned).nodes) {
    const NodeName name = name_node(graph, node);
    const NodeKind kind = graph.kind(node);
    NodeFacts& known = facts[name.node_id];
    known = {std::string(kind_name(kind)), std::to_string(name.feature), clerp(graph, node)};
    if (kind == NodeKind::kFeature) known.push_back(bits_of(graph.activation(node)));
    if (kind != NodeKind::kTarget) known.push_back(bits_of(pruned.node_cumulative_influence[node]));
  }
  return facts;
}

std::map<std::pair<std::string, std::string>, std::string> edges_of(const AttributionGraph& graph,
                                                                    const PrunedGraph& pruned) {
  std::map<std::pair<std::string, std::string>, std::string> edges;
  for (const KeptEdge& edge : kept_graph(graph, pruned).edges) {
    edges[{name_node(graph, edge.source).node_id, name_node(graph, edge.target).node_id}] =
        bits_of(edge.weight);
  }
  return edges;
}

/// Names the parts that differ.
class Differences {
 public:
  template <typename Value>
  void compare(const std::string& part, const Value& found, const Value& expected) {
    if (!(found == expected)) parts_ += (parts_.empty() ? "" : ", ") + part;
  }
  const std::string& parts() const { return parts_; }

 private:
  std::string parts_;
};

void compare_origin(const AttributionGraph& found, const AttributionGraph& expected,
                    Differences& differ) {
  const Provenance &is = found.provenance(), &was = expected.provenance();
  differ.compare("n_layers", found.n_layers(), expected.n_layers());
  differ.compare("input ids", found.nodes().input_ids, expected.nodes().input_ids);
  differ.compare("tokens", found.nodes().tokens, expected.nodes().tokens);
  differ.compare("prompt", is.prompt, was.prompt);
  differ.compare("model", is.model_name + is.model_hash, was.model_name + was.model_hash);
  differ.compare("transcoders", is.transcoders_name + is.transcoders_hash + is.scan,
                 was.transcoders_name + was.transcoders_hash + was.scan);
  differ.compare("version", is.tool_version, was.tool_version);
  auto settings = was.settings;
  settings["compact"] = "true";
  differ.compare("settings", is.settings, settings);
  const auto texts = [](const Provenance& provenance) {
    std::map<std::pair<std::int32_t, std::int32_t>, std::pair<std::string, std::string>> all;
    for (const auto& [key, label] : provenance.feature_labels) {
      all[key] = {label.text, label.source};
    }
    return all;
  };
  differ.compare("labels", texts(is), texts(was));
}

void compare_targets(const GraphNodes& found, const GraphNodes& expected, Differences& differ) {
  differ.compare("number of targets", found.targets.size(), expected.targets.size());
  for (std::size_t i = 0; i < std::min(found.targets.size(), expected.targets.size()); ++i) {
    const Target &is = found.targets[i], &was = expected.targets[i];
    differ.compare("target", std::tie(is.kind, is.token_id, is.probability, is.label, is.display),
                   std::tie(was.kind, was.token_id, was.probability, was.label, was.display));
    differ.compare("target's place", std::tie(is.position, is.layer, is.feature),
                   std::tie(was.position, was.layer, was.feature));
  }
}

/// By the place of kept edges among each other.
EdgeHeads heads_of(const AttributionGraph& graph, const PrunedGraph& pruned) {
  EdgeHeads heads;
  std::size_t next = 0;
  for (const KeptEdge& edge : kept_graph(graph, pruned).edges) {
    const auto parts = graph.attention().edge_heads.find(edge.index);
    if (!parts.empty()) heads.add(next, parts);
    ++next;
  }
  return heads;
}

/// What differs in graph -> JSON -> graph -> JSON; empty when nothing does.
std::string lost_in_round_trip(const AttributionGraph& graph, const PrunedGraph& pruned,
                               const ViewerOptions& options) {
  const std::string json = viewer_json(graph, pruned, options);
  const ViewerFile file = read_text(json);
  const GraphFile& content = file.content;
  Differences differ;
  differ.compare("warnings", file.warnings, {});
  if (!content.pruned) return "pruned";
  differ.compare("nodes", facts_of(content.graph, *content.pruned), facts_of(graph, pruned));
  differ.compare("edges", edges_of(content.graph, *content.pruned), edges_of(graph, pruned));
  compare_origin(content.graph, graph, differ);
  compare_targets(content.graph.nodes(), graph.nodes(), differ);
  differ.compare("pruning", content.pruned->options.node_threshold, pruned.options.node_threshold);
  differ.compare("pruning", content.pruned->options.edge_threshold, pruned.options.edge_threshold);
  differ.compare("scores", content.scores.replacement, options.scores.replacement);
  differ.compare("scores", content.scores.completeness, options.scores.completeness);
  differ.compare(
      "heads",
      testing::same_heads(heads_of(content.graph, *content.pruned), heads_of(graph, pruned)), true);
  differ.compare("score tables", testing::same_tables(content.graph.attention(), graph.attention()),
                 true);
  differ.compare("view state", file.options.state, options.state);
  differ.compare("bytes", viewer_json(content.graph, *content.pruned, file.options), json);
  return differ.parts();
}

RC_GTEST_PROP(ViewerJsonRead, GivesBackWhatWasWritten, ()) {
  AttributionGraph graph = *testing::any_graph();
  graph.set_attention(testing::random_attention(graph, *rc::gen::inRange(0U, 1000U)));
  const PrunedGraph pruned = prune(
      graph, {.node_threshold = *testing::any_share(), .edge_threshold = *testing::any_share()});
  RC_ASSERT(lost_in_round_trip(graph, pruned, {.slug = "any", .scores = compute_scores(graph)}) ==
            "");
}

TEST(ViewerJsonRead, GivesBackGraphsWithLabelsSettingsAndDroppedNodes) {
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    const AttributionGraph graph = testing::random_graph({.seed = seed, .ties = seed % 2 == 0});
    EXPECT_EQ(lost_in_round_trip(graph, prune(graph, {.node_threshold = 0.7}),
                                 {.scores = compute_scores(graph)}),
              "")
        << "seed " << seed;
  }
}

TEST(ViewerJsonRead, GivesBackWhatIsKnownAboutAttention) {
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    AttributionGraph graph = testing::random_graph({.seed = seed});
    graph.set_attention(testing::random_attention(graph, seed));
    EXPECT_EQ(lost_in_round_trip(graph, prune(graph, {.node_threshold = 0.9}),
                                 {.scores = compute_scores(graph)}),
              "")
        << "seed " << seed;
  }
}

TEST(ViewerJsonRead, GivesBackTargetsOfAllKinds) {
  for (const bool hostile : {false, true}) {
    const AttributionGraph graph = testing::synthetic_graph(
        {.direction = true, .hostile_text = hostile, .more_targets = true});
    EXPECT_EQ(lost_in_round_trip(graph, prune(graph), {.scores = compute_scores(graph)}), "");
  }
}

TEST(ViewerJsonRead, GivesBackHostileTextsDirectionsAndWhatAPersonMade) {
  AttributionGraph graph = testing::synthetic_graph(
      {.n_positions = 18, .n_targets = 18, .direction = true, .hostile_text = true});
  const Node named = graph.node(0);
  const std::string first = name_node(graph, 0).node_id, second = name_node(graph, 1).node_id;
  const std::string token = name_node(graph, graph.first_token()).node_id;
  const std::string text = "a \\ \"name\"";
  graph.replace_feature_labels({{{named.layer, named.feature}, {text, "viewer"}}});
  ViewerOptions options{.slug = "hostile",
                        .scan = "a scan",
                        .transcoder_list = {"x", "y"},
                        .title_prefix = "<b>",
                        .neuronpedia_source_set = "set-16k",
                        .scores = {.replacement = 0.1, .completeness = 1.0 / 3}};
  options.state = {.pinned_ids = {first, token},
                   .supernodes = {{"\"Texas\"", {first, second}}, {"", {}}},
                   .clerps = {{first, text}}};
  EXPECT_EQ(lost_in_round_trip(graph, prune(graph, {.node_threshold = 1}), options), "");
}

/// The text of this float, read as double and rounded, is its neighbour (JSON readers do that).
TEST(ViewerJsonRead, GivesBackFloatsThatRoundTwice) {
  AttributionGraph base = testing::synthetic_graph();
  EdgeMatrix edges = base.edges();
  const std::vector<float> hard = {
      std::bit_cast<float>(0x15ae43fdU), -0.0F, 1e-45F, 3.4028235e38F, 16777216.0F, 1e20F};
  for (std::size_t i = 0; i < hard.size(); ++i) edges.weights[i] = hard[i];
  const AttributionGraph graph(base.nodes(), edges, {}, {}, base.provenance());
  PrunedGraph everything = prune(graph);
  std::ranges::fill(everything.node_mask, 1);
  std::ranges::fill(everything.edge_mask, 1);
  EXPECT_EQ(lost_in_round_trip(graph, everything, {}), "");
}

}  // namespace
}  // namespace circuit
