#include "tests/browser/write_attention.h"

#include <fstream>

#include <nlohmann/json.hpp>

#include "export/names/node_names.h"
#include "export/page/html.h"
#include "export/patterns/pattern_page.h"
#include "tests/support/synthetic_attention.h"

namespace circuit::testing {
namespace {

using Json = nlohmann::ordered_json;

/// As the page's ids, also of nodes that it lacks.
std::string id_of(const AttributionGraph& graph, const ScoreSource& source) {
  if (!source) return "bias";
  for (std::size_t index = graph.first_error(); index < graph.first_target(); ++index) {
    const Node node = graph.node(index);
    if (node.kind == source->kind && node.layer == source->layer &&
        node.position == source->position) {
      return name_node(graph, index).node_id;
    }
  }
  return std::to_string(source->layer) + "_" + std::to_string(source->feature) + "_" +
         std::to_string(source->position);
}

Json parts_json(std::span<const EdgePart> parts) {
  Json json = Json::array();
  for (const EdgePart& part : parts) {
    const std::string head = std::to_string(part.head.layer) + "." + std::to_string(part.head.head);
    json.push_back({part.way == EdgeWay::kHead       ? head
                    : part.way == EdgeWay::kResidual ? "residual stream alone"
                                                     : "other heads",
                    part.weight});
  }
  return json;
}

Json links_json(const AttributionGraph& graph, const PrunedGraph& pruned) {
  const EdgeMatrix& edges = graph.edges();
  Json json = Json::array();
  for (std::size_t target = 0; target < edges.rows(); ++target) {
    for (std::size_t edge = edges.begin(target); edge < edges.end(target); ++edge) {
      if (pruned.edge_mask[edge] == 0) continue;
      const auto source = static_cast<std::size_t>(edges.columns[edge]);
      json.push_back({{"source", name_node(graph, source).node_id},
                      {"target", name_node(graph, target).node_id},
                      {"weight", edges.weights[edge]},
                      {"parts", parts_json(graph.attention().edge_heads.find(edge))}});
    }
  }
  return json;
}

Json tables_json(const AttributionGraph& graph) {
  Json json = Json::array();
  for (const ScoreTable& table : graph.attention().tables) {
    Json terms = Json::array();
    for (const ScoreTerm& term : table.terms) {
      terms.push_back({id_of(graph, term.query), id_of(graph, term.key), term.value});
    }
    json.push_back({{"head", std::to_string(table.cell.head.layer) + "." +
                                 std::to_string(table.cell.head.head)},
                    {"query", table.cell.query},
                    {"key", table.cell.key},
                    {"contrast", table.cell.other_key.has_value()},
                    {"score", table.score},
                    {"weight", table.weight},
                    {"positions", table.key_positions},
                    {"terms", std::move(terms)}});
  }
  return json;
}

}  // namespace

void write_attention_page(const std::filesystem::path& folder, const std::string& name,
                          const AttributionGraph& graph, const PrunedGraph& pruned) {
  std::ofstream(folder / (name + ".html"), std::ios::binary)
      << html_page(graph, pruned, {.scores = compute_scores(graph)});
  const Json expected = {{"links", links_json(graph, pruned)}, {"tables", tables_json(graph)}};
  std::ofstream(folder / (name + ".expected"), std::ios::binary) << expected.dump(1);
}

void write_pattern_page(const std::filesystem::path& folder, const std::string& name,
                        const AttributionGraph& graph) {
  const AttentionPatterns patterns = synthetic_patterns(6, 4, graph.n_positions());
  PatternOptions options;
  options.tables = graph.attention().tables;
  options.heads = {{2, 3}};
  options.graph = &graph;
  std::ofstream(folder / (name + ".html"), std::ios::binary)
      << pattern_html(patterns, graph.nodes().tokens, options);
  Json expected = {{"tokens", graph.nodes().tokens}};
  for (std::int32_t i = 0; i < 24; ++i) {
    const Head head{.layer = i / 4, .head = i % 4};
    expected["weights"][std::to_string(head.layer) + "." + std::to_string(head.head)] =
        patterns.of(head);
  }
  expected["tables"] = tables_json(graph);
  std::ofstream(folder / (name + ".expected"), std::ios::binary) << expected.dump(1);
}

}  // namespace circuit::testing
