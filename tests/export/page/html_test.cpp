#include "export/page/html.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "export/names/node_names.h"
#include "graph/kept_graph.h"
#include "tests/export/page/page_decoder.h"
#include "tests/support/random_graph.h"
#include "tests/support/small_graph.h"
#include "tests/support/synthetic_graph.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::decode;
using testing::Decoded;
using testing::message_of;
using testing::random_graph;
using testing::script_of;
using testing::small_graph;
using testing::synthetic_graph;
using Json = nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

void expect_same_graph(const AttributionGraph& graph, const PrunedGraph& pruned,
                       const Decoded& decoded) {
  const KeptGraph kept = kept_graph(graph, pruned);
  const auto layers = decoded.column<std::int32_t>("layer");
  const auto features = decoded.column<std::int32_t>("feature");
  const auto activations = decoded.column<float>("activation");
  ASSERT_EQ(decoded.head["ids"].size(), kept.nodes.size());
  for (std::size_t i = 0; i < kept.nodes.size(); ++i) {
    EXPECT_EQ(decoded.head["ids"][i], name_node(graph, kept.nodes[i]).node_id);
    EXPECT_EQ(layers[i], graph.node(kept.nodes[i]).layer);
    EXPECT_EQ(features[i], graph.node(kept.nodes[i]).feature);
    if (graph.kind(kept.nodes[i]) == NodeKind::kFeature) {
      EXPECT_EQ(activations[i], graph.activation(kept.nodes[i]));
    }
  }
  const auto offsets = decoded.column<std::uint32_t>("offset");
  const auto sources = decoded.column<std::uint32_t>("source");
  const auto weights = decoded.column<float>("weight");
  const auto shown = decoded.column<std::uint8_t>("shown");
  std::size_t next = 0;
  for (std::size_t row = 0; row < kept.nodes.size(); ++row) {
    for (std::size_t link = offsets[row]; link < offsets[row + 1]; ++link) {
      if (shown[link] == 0) continue;
      ASSERT_LT(next, kept.edges.size());
      EXPECT_EQ(kept.nodes[sources[link]], kept.edges[next].source);
      EXPECT_EQ(kept.nodes[row], kept.edges[next].target);
      EXPECT_EQ(weights[link], kept.edges[next].weight);
      ++next;
    }
  }
  EXPECT_EQ(next, kept.edges.size());
}

TEST(Html, HoldsTheKeptGraph) {
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    const AttributionGraph graph = random_graph({.seed = seed, .ties = seed % 2 == 1});
    const PrunedGraph pruned = prune(graph);
    expect_same_graph(graph, pruned, decode(html_page(graph, pruned)));
    expect_same_graph(graph, pruned, decode(html_page(graph, pruned, {.most_links = 0})));
  }
}

TEST(Html, AccountsForAllThatARowReads) {
  const AttributionGraph graph = synthetic_graph();
  const PrunedGraph pruned = prune(graph, {.node_threshold = 0.6, .edge_threshold = 0.8});
  const std::vector<double> sums = row_absolute_sums(graph.edges());
  const KeptGraph kept = kept_graph(graph, pruned);
  for (const std::size_t most_links : {std::size_t{1} << 20, std::size_t{0}}) {
    const Decoded decoded = decode(html_page(graph, pruned, {.most_links = most_links}));
    EXPECT_EQ(decoded.head["all_links"], most_links > 0);
    const auto offsets = decoded.column<std::uint32_t>("offset");
    const auto weights = decoded.column<float>("weight");
    const auto rests = decoded.column<double>("rest");
    for (std::size_t row = 0; row < kept.nodes.size(); ++row) {
      double sum = rests[row];
      for (std::size_t link = offsets[row]; link < offsets[row + 1]; ++link) {
        sum += std::abs(static_cast<double>(weights[link]));
      }
      EXPECT_NEAR(sum, sums[kept.nodes[row]], 1e-9);
    }
  }
}

TEST(Html, SaysWhereEachNodeLeavesTheGraph) {
  const AttributionGraph graph = synthetic_graph();
  const PrunedGraph all = prune(graph, {.node_threshold = 1, .edge_threshold = 1});
  const Decoded decoded = decode(html_page(graph, all));
  const auto before = decoded.column<double>("before");
  const KeptGraph kept = kept_graph(graph, all);
  for (const double threshold : {0.2, 0.5, 0.8}) {
    // With every edge, only what reads nothing kept or is read by nothing goes beside the rule.
    const PrunedGraph pruned = prune(graph, {.node_threshold = threshold, .edge_threshold = 1});
    for (std::size_t i = 0; i < kept.nodes.size(); ++i) {
      if (kept.nodes[i] >= graph.first_token() || pruned.node_mask[kept.nodes[i]] == 0) continue;
      EXPECT_LT(before[i], threshold) << kept.nodes[i];
    }
  }
  EXPECT_EQ(*std::ranges::min_element(before), 0.0);
}

TEST(Html, GivesScoresOfTheWholeAndOfWhatIsKept) {
  const AttributionGraph graph = synthetic_graph();
  const PrunedGraph pruned = prune(graph);
  const Scores whole = compute_scores(graph), part = compute_scores(graph, pruned.node_mask);
  const Json scores = decode(html_page(graph, pruned, {.scores = whole})).head["scores"];
  EXPECT_EQ(scores["whole"]["replacement"], *whole.replacement);
  EXPECT_EQ(scores["pruned"]["completeness"], *part.completeness);
  const AttributionGraph compacted = [&] {
    AttributionGraph left = compact(graph, pruned);
    Provenance provenance = left.provenance();
    provenance.settings["compact"] = "true";
    return AttributionGraph(left.nodes(), left.edges(), {}, {}, provenance);
  }();
  const Json head = decode(html_page(compacted, prune(compacted), {.scores = whole})).head;
  EXPECT_EQ(head["scorable"], false);
  EXPECT_EQ(head["node_threshold"], 1.0);
  EXPECT_EQ(head["edge_threshold"], 1.0);
  EXPECT_FALSE(head["scores"].contains("pruned"));
}

TEST(Html, IsNamedByTitleElsePromptElseTokens) {
  const AttributionGraph graph = small_graph();  // without a prompt
  const auto title = [](const AttributionGraph& of, const HtmlOptions& options) {
    return decode(html_page(of, prune(of), options)).head["title"];
  };
  EXPECT_EQ(title(graph, {}), "ab");
  EXPECT_EQ(title(graph, {.title = "mine"}), "mine");
  EXPECT_EQ(title(synthetic_graph(), {}), synthetic_graph().provenance().prompt);
}

TEST(Html, SaysHowItWasPruned) {
  const AttributionGraph graph = synthetic_graph();
  const auto head = [&](const PruneOptions& options) {
    return decode(html_page(graph, prune(graph, options))).head;
  };
  EXPECT_EQ(head({.node_threshold = 0.7})["node_threshold"], 0.7);
  EXPECT_EQ(head({})["keep_errors"], false);
  EXPECT_EQ(head({})["edges_per_target"], false);
  EXPECT_EQ(head({.max_nodes = 9})["node_threshold"], 1.0);
  EXPECT_EQ(head({.keep_errors = true})["keep_errors"], true);
  EXPECT_EQ(head({.edge_rule = EdgeRule::kPerTarget})["edges_per_target"], true);
}

TEST(Html, IsTheSameForTheSameGraph) {
  const AttributionGraph graph = synthetic_graph();
  EXPECT_EQ(html_page(graph, prune(graph)), html_page(graph, prune(graph)));
}

TEST(Html, LoadsNothing) {
  const AttributionGraph graph = synthetic_graph({.hostile_text = true});
  const std::string page = html_page(graph, prune(graph));
  EXPECT_THAT(page, HasSubstr("content=\"default-src 'none'; script-src 'sha256-"));
  for (const char* const loading : {"src=\"http", "href=\"http", "src='http", "href='http",
                                    "@import", "import(", "XMLHttpRequest", "WebSocket"}) {
    EXPECT_THAT(page, Not(HasSubstr(loading)));
  }
  EXPECT_THAT(page, HasSubstr("Mike Bostock"));  // whose modules are in it
}

TEST(Html, KeepsHostileTextsInsideTheirData) {
  const AttributionGraph graph =
      synthetic_graph({.n_active = 400, .direction = true, .hostile_text = true});
  HtmlOptions options{.title = "</title><script>alert(1)</script>"};
  options.view.supernodes = {{"</script><b>", {"E_1_0"}}};
  options.view.clerps = {{"E_1_0", "<!-- --> </script>"}};
  const Node node = graph.node(0);
  options.cards = {{.layer = node.layer,
                    .feature = node.feature,
                    .label = "</script>",
                    .top_logits = {{"</script>", 1}},
                    .examples = {{.tokens = {"<!--"}, .activations = {1}, .at = 0}}}};
  const PrunedGraph all = prune(graph, {.node_threshold = 1, .edge_threshold = 1});
  const std::string page = html_page(graph, all, options);
  const std::string plain = html_page(synthetic_graph(), prune(synthetic_graph()));
  const auto count = [](const std::string& text, std::string_view piece) {
    std::size_t found = 0;
    for (std::size_t at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1))
      ++found;
    return found;
  };
  for (const char* const piece : {"<script", "</script", "<!--", "<title", "</title"}) {
    EXPECT_EQ(count(page, piece), count(plain, piece)) << piece;
  }
  // And they are all there, as they were.
  const Json head = Json::parse(script_of(page, "graph-head"));
  EXPECT_EQ(head["title"], options.title);
  EXPECT_THAT(head["tokens"].dump(), HasSubstr("<script>alert(1)</script>"));
  const Json state = Json::parse(script_of(page, "saved-state"));
  EXPECT_EQ(state["supernodes"][0][0], "</script><b>");
  EXPECT_EQ(state["clerps"][0][1], "<!-- --> </script>");
  const std::string key = std::to_string(node.layer) + "_" + std::to_string(node.feature);
  EXPECT_EQ(Json::parse(script_of(page, "cards"))[key]["label"], "</script>");
}

TEST(Html, TakesCardsOfItsFeaturesAndASecondGraph) {
  const AttributionGraph graph = small_graph(), other = synthetic_graph();
  const PrunedGraph pruned = prune(graph, {.node_threshold = 1, .edge_threshold = 1});
  const PrunedGraph other_pruned = prune(other);
  const std::string page =
      html_page(graph, pruned,
                {.cards = {{.layer = 0, .feature = 1}, {.layer = 5, .feature = 1}},
                 .compare = {.graph = &other, .pruned = &other_pruned, .title = "the other"}});
  const Json cards = Json::parse(script_of(page, "cards"));
  EXPECT_EQ(cards.size(), 1u);
  EXPECT_TRUE(cards["0_1"]["frequency"].is_null());
  const Json head = Json::parse(script_of(page, "compare-head"));
  EXPECT_EQ(head["title"], "the other");
  EXPECT_EQ(head["ids"].size(), kept_graph(other, other_pruned).nodes.size());
  EXPECT_TRUE(Json::parse(script_of(html_page(graph, pruned), "compare-head")).is_null());
}

TEST(Html, RefusesMasksOfAnotherGraph) {
  const AttributionGraph graph = small_graph();
  PrunedGraph pruned = prune(graph);
  pruned.edge_mask.pop_back();
  EXPECT_EQ(message_of<std::invalid_argument>([&] { html_page(graph, pruned); }),
            "[kept_graph] edge_mask has 9 entries, the graph has 10");
}

}  // namespace
}  // namespace circuit
