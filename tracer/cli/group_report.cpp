#include "tracer/cli/group_report.h"

#include <algorithm>
#include <span>
#include <tuple>

#include <nlohmann/json.hpp>

#include "export/names/node_names.h"
#include "export/text/output_text.h"
#include "graph/influence.h"
#include "tracer/cli/json_line.h"
#include "tracer/cli/report_table.h"
#include "tracer/cli/score_text.h"
#include "tracer/cli/written_files.h"

namespace circuit::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostShown = 40;
constexpr std::size_t kWidestName = 32;

/// Groups, the most influential first.
std::vector<std::size_t> by_influence(const GroupedGraph& grouped) {
  return order_by_influence(std::span(grouped.influence).first(grouped.n_supernodes));
}

std::string unit_name(const AttributionGraph& graph, const Supernode& unit) {
  return unit.name.empty() ? describe_node(graph, unit.nodes.front()) : one_line(unit.name);
}

/// Edges into (`Target` is the end) or out of a unit, the strongest first.
std::vector<const GroupedEdge*> edges_at(const GroupedGraph& grouped, std::size_t unit,
                                         std::size_t GroupedEdge::*end) {
  std::vector<const GroupedEdge*> edges;
  for (const GroupedEdge& edge : grouped.edges) {
    if (edge.*end == unit) edges.push_back(&edge);
  }
  std::ranges::stable_sort(edges, std::greater<>(), [](const GroupedEdge* edge) {
    return std::tuple(edge->share, edge->magnitude);
  });
  return edges;
}

std::string strongest(const AttributionGraph& graph, const GroupedGraph& grouped, std::size_t unit,
                      std::size_t GroupedEdge::*end, std::size_t GroupedEdge::*other) {
  const auto edges = edges_at(grouped, unit, end);
  if (edges.empty()) return "none";
  const GroupedEdge& edge = *edges.front();
  return std::string(edge.weight < 0 ? "-" : "+") + fixed_text(100 * edge.share, 0) + "% " +
         shorten(unit_name(graph, grouped.units[edge.*other]), kWidestName);
}

using Row = std::vector<std::string>;

std::vector<std::string> group_lines(const AttributionGraph& graph, const GroupResult& result) {
  const GroupedGraph& grouped = result.grouped;
  std::vector<Row> rows = {{"name", "nodes", "influence", "strongest in", "strongest out"}};
  for (const std::size_t unit : by_influence(grouped)) {
    if (rows.size() > kMostShown) break;
    const double share =
        result.total_influence > 0 ? grouped.influence[unit] / result.total_influence : 0;
    rows.push_back({shorten(unit_name(graph, grouped.units[unit]), kWidestName),
                    std::to_string(grouped.units[unit].nodes.size()),
                    fixed_text(100 * share, 1) + "%",
                    strongest(graph, grouped, unit, &GroupedEdge::target, &GroupedEdge::source),
                    strongest(graph, grouped, unit, &GroupedEdge::source, &GroupedEdge::target)});
  }
  std::vector<std::string> lines = aligned_columns(rows);
  if (grouped.n_supernodes > kMostShown) {
    lines.push_back("and " + count_text(grouped.n_supernodes - kMostShown) +
                    " more: --json has all");
  }
  return lines;
}

std::size_t n_members(const GroupedGraph& grouped) {
  std::size_t members = 0;
  for (std::size_t unit = 0; unit < grouped.n_supernodes; ++unit) {
    members += grouped.units[unit].nodes.size();
  }
  return members;
}

Json edges_json(const AttributionGraph& graph, const GroupedGraph& grouped, std::size_t unit,
                std::size_t GroupedEdge::*end, std::size_t GroupedEdge::*other) {
  Json list = Json::array();
  for (const GroupedEdge* edge : edges_at(grouped, unit, end)) {
    const Supernode& neighbour = grouped.units[edge->*other];
    Json object;
    if (neighbour.name.empty()) {
      object["node"] = name_node(graph, neighbour.nodes.front()).node_id;
    } else {
      object["group"] = neighbour.name;
    }
    object["weight"] = edge->weight;
    object["magnitude"] = edge->magnitude;
    object["share"] = edge->share;
    object["edges"] = edge->edges;
    list.push_back(std::move(object));
  }
  return list;
}

Json group_object(const AttributionGraph& graph, const GroupResult& result, std::size_t unit) {
  const GroupedGraph& grouped = result.grouped;
  Json object;
  object["name"] = grouped.units[unit].name;
  object["nodes"] = Json::array();
  for (const std::size_t node : grouped.units[unit].nodes) {
    object["nodes"].push_back(name_node(graph, node).node_id);
  }
  object["influence"] = grouped.influence[unit];
  object["influence_share"] =
      number_or_null<Json>(grouped.influence[unit] / result.total_influence);
  object["inner_magnitude"] = grouped.inner_magnitude[unit];
  object["inputs"] = edges_json(graph, grouped, unit, &GroupedEdge::target, &GroupedEdge::source);
  object["outputs"] = edges_json(graph, grouped, unit, &GroupedEdge::source, &GroupedEdge::target);
  return object;
}

}  // namespace

std::string group_report(const AttributionGraph& graph, const PrunedGraph& pruned,
                         const GroupResult& result) {
  ReportTable table;
  table.add("circuit", kept_text(graph, pruned));
  const std::size_t members = n_members(result.grouped);
  table.add("groups", count_text(result.grouped.n_supernodes) + " of " + count_text(members) +
                          " nodes, " + count_text(pruned.kept_nodes() - members) +
                          " nodes by themselves" +
                          (is_cyclic(result.grouped) ? "; some feed each other" : ""));
  if (result.pruned.completeness) {
    table.add("scores", "kept nodes " + scores_text(result.pruned));
    table.add("", "groups alone " + scores_text(result.groups_alone));
  }
  if (result.grouped.n_supernodes > 0) table.add_lines("", group_lines(graph, result));
  std::vector<std::string> absent;
  for (const std::string& name : result.absent) absent.push_back(in_quotes(name));
  table.add_flow("absent", absent);
  table.add_lines("files", file_texts(result.files));
  return table.text();
}

std::string group_json(const AttributionGraph& graph, const PrunedGraph& pruned,
                       const GroupResult& result) {
  Json object;
  object["groups"] = Json::array();
  for (const std::size_t unit : by_influence(result.grouped)) {
    object["groups"].push_back(group_object(graph, result, unit));
  }
  object["absent"] = result.absent;
  object["cyclic"] = is_cyclic(result.grouped);
  object["pruned"] = scores_object<Json>(result.pruned);
  object["groups_alone"] = scores_object<Json>(result.groups_alone);
  object["nodes"] = pruned.kept_nodes();
  object["edges"] = pruned.kept_edges();
  object["files"] = file_texts(result.files);
  return json_line(object);
}

}  // namespace circuit::cli
