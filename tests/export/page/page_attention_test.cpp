#include "export/page/page_attention.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "export/names/node_names.h"
#include "export/page/html.h"
#include "tests/export/page/page_decoder.h"
#include "tests/support/synthetic_attention.h"
#include "tests/support/synthetic_graph.h"

namespace circuit {
namespace {

using Json = nlohmann::json;
using testing::decode;
using testing::Decoded;
using testing::synthetic_attention;
using testing::synthetic_graph;

struct Known {
  AttributionGraph graph;
  PrunedGraph pruned;
};

Known known(const testing::SyntheticAttentionOptions& options = {}) {
  AttributionGraph graph = synthetic_graph();
  PrunedGraph pruned = prune(graph);
  graph.set_attention(synthetic_attention(graph, pruned, options));
  return {std::move(graph), std::move(pruned)};
}

using Parts = std::map<std::string, float>;

Parts parts_of(const EdgeHeads& heads, std::size_t edge) {
  Parts parts;
  for (const EdgePart& part : heads.find(edge)) {
    parts[part.way == EdgeWay::kHead
              ? std::to_string(part.head.layer) + "." + std::to_string(part.head.head)
          : part.way == EdgeWay::kResidual ? "residual"
                                           : "others"] = part.weight;
  }
  return parts;
}

/// As the page's scripts read them.
std::map<std::pair<std::string, std::string>, Parts> parts_of(const Decoded& decoded) {
  const auto links = decoded.column<std::uint32_t>("part_link");
  const auto offsets = decoded.column<std::uint32_t>("part_offset");
  const auto ways = decoded.column<std::int32_t>("part_way");
  const auto weights = decoded.column<float>("part_weight");
  const auto rows = decoded.column<std::uint32_t>("offset");
  const auto sources = decoded.column<std::uint32_t>("source");
  const Json& heads = decoded.head["attention"]["heads"];
  std::map<std::pair<std::string, std::string>, Parts> all;
  for (std::size_t i = 0; i < links.size(); ++i) {
    const auto row = std::ranges::upper_bound(rows, links[i]) - rows.begin() - 1;
    Parts& parts = all[{decoded.head["ids"][sources[links[i]]], decoded.head["ids"][row]}];
    for (std::size_t part = offsets[i]; part < offsets[i + 1]; ++part) {
      const std::int32_t way = ways[part];
      const std::string name = way == -1   ? "residual"
                               : way == -2 ? "others"
                                           : std::to_string(heads[way][0].get<int>()) + "." +
                                                 std::to_string(heads[way][1].get<int>());
      parts[name] = weights[part];
    }
  }
  return all;
}

TEST(PageAttention, HoldsThePartsOfEveryKeptLink) {
  const auto [graph, pruned] = known();
  for (const std::size_t most_links : {std::size_t{1} << 20, std::size_t{0}}) {
    const auto found = parts_of(decode(html_page(graph, pruned, {.most_links = most_links})));
    const EdgeMatrix& edges = graph.edges();
    std::size_t kept = 0;
    for (std::size_t target = 0; target < edges.rows(); ++target) {
      for (std::size_t edge = edges.begin(target); edge < edges.end(target); ++edge) {
        if (pruned.edge_mask[edge] == 0) continue;
        ++kept;
        const auto source = static_cast<std::size_t>(edges.columns[edge]);
        const auto at =
            found.find({name_node(graph, source).node_id, name_node(graph, target).node_id});
        ASSERT_NE(at, found.end());
        EXPECT_EQ(at->second, parts_of(graph.attention().edge_heads, edge));
      }
    }
    EXPECT_EQ(found.size(), kept);
  }
}

TEST(PageAttention, LeavesOutPartsOfLinksThatThePageLacks) {
  auto [graph, pruned] = known();
  const PrunedGraph fewer = prune(graph, {.node_threshold = 0.5, .edge_threshold = 0.5});
  const std::size_t all = parts_of(decode(html_page(graph, pruned))).size();
  const auto found = parts_of(decode(html_page(graph, fewer, {.most_links = 0})));
  EXPECT_GT(found.size(), 0U);
  EXPECT_LT(found.size(), all);
}

/// The node that a number of a table stands for: an id, a name of none, or biases.
std::string source_name(const Json& head, const Json& number) {
  const auto at = number.get<std::int64_t>();
  if (at < 0) return "biases";
  const auto index = static_cast<std::size_t>(at);
  if (index < head["ids"].size()) return head["ids"][index];
  const Json& other = head["attention"]["others"][index - head["ids"].size()];
  return "other " + other["kind"].dump() + " " + other["layer"].dump() + " " +
         other["position"].dump() + " " + other["feature"].dump();
}

std::string source_name(const Known& of, const ScoreSource& source) {
  if (!source) return "biases";
  for (std::size_t index = 0; index < of.graph.n_nodes(); ++index) {
    const Node node = of.graph.node(index);
    const bool same = node.kind == source->kind && node.layer == source->layer &&
                      node.position == source->position &&
                      (node.kind != NodeKind::kFeature || node.feature == source->feature);
    if (same && of.pruned.node_mask[index] != 0) return name_node(of.graph, index).node_id;
  }
  return "other " + std::to_string(static_cast<int>(source->kind)) + " " +
         std::to_string(source->layer) + " " + std::to_string(source->position) + " " +
         std::to_string(source->feature);
}

TEST(PageAttention, HoldsEveryTableWithItsSources) {
  const Known of = known();
  const Json head = decode(html_page(of.graph, of.pruned)).head;
  const Json& tables = head["attention"]["tables"];
  const AttentionDetails& details = of.graph.attention();
  ASSERT_EQ(tables.size(), details.tables.size());
  std::size_t on_page = 0, elsewhere = 0;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const ScoreTable& table = details.tables[i];
    EXPECT_EQ(tables[i]["head"], Json({table.cell.head.layer, table.cell.head.head}));
    EXPECT_EQ(tables[i]["query"], table.cell.query);
    EXPECT_EQ(tables[i].contains("other_key"), table.cell.other_key.has_value());
    EXPECT_EQ(tables[i].contains("soft_cap"), table.soft_cap > 0);
    EXPECT_EQ(tables[i]["score"], table.score);
    EXPECT_EQ(tables[i]["carried"], details.carried[i]);
    EXPECT_EQ(tables[i]["key_positions"].size(), of.graph.n_positions());
    ASSERT_EQ(tables[i]["terms"].size(), table.terms.size());
    for (std::size_t k = 0; k < table.terms.size(); ++k) {
      const Json& term = tables[i]["terms"][k];
      EXPECT_EQ(source_name(head, term[0]), source_name(of, table.terms[k].query));
      EXPECT_EQ(source_name(head, term[1]), source_name(of, table.terms[k].key));
      EXPECT_EQ(term[2], table.terms[k].value);
      (source_name(head, term[1]).starts_with("other") ? elsewhere : on_page) += 1;
    }
    EXPECT_EQ(tables[i]["key_marginals"].size(), table.key_marginals.size());
    EXPECT_EQ(tables[i]["query_marginals"].size(), table.query_marginals.size());
  }
  EXPECT_GT(on_page, 0U);
  EXPECT_GT(elsewhere, 0U);
}

TEST(PageAttention, LeavesNoTraceWhereNothingIsKnown) {
  const auto [graph, pruned] = known({.n_tables = 0, .parts = false});
  const std::string without = html_page(synthetic_graph(), pruned);
  EXPECT_EQ(html_page(graph, pruned), without);
  EXPECT_FALSE(decode(without).head.contains("attention"));
  EXPECT_EQ(without.find("\"part_"), std::string::npos);
}

TEST(PageAttention, TellsWhetherLinksAreDivided) {
  const auto divided = [](const testing::SyntheticAttentionOptions& options) {
    const auto [graph, pruned] = known(options);
    return decode(html_page(graph, pruned)).head["attention"]["divided"].get<bool>();
  };
  EXPECT_TRUE(divided({.n_tables = 0}));
  EXPECT_FALSE(divided({.parts = false}));
}

}  // namespace
}  // namespace circuit
