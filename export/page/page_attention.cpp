#include "export/page/page_attention.h"

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include <nlohmann/json.hpp>

#include "export/names/node_names.h"

namespace circuit {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int32_t kResidualWay = -1;
constexpr std::int32_t kOtherHeadsWay = -2;

/// Numbers that stand for heads in `part_way`, in the order in which they come.
class HeadNumbers {
 public:
  std::int32_t of(const Head& head) {
    const auto [found, added] = numbers_.emplace(head, static_cast<std::int32_t>(numbers_.size()));
    if (added) json_.push_back({head.layer, head.head});
    return found->second;
  }
  const Json& json() const { return json_; }

 private:
  std::map<Head, std::int32_t> numbers_;
  Json json_ = Json::array();
};

/// Numbers that stand for sources of scores: -1 for biases, nodes of the page by their place,
/// and behind them those of `others`.
class SourceNumbers {
 public:
  SourceNumbers(const AttributionGraph& graph, std::span<const std::uint32_t> place)
      : graph_(graph) {
    for (std::size_t index = 0; index < graph.first_target(); ++index) {
      if (place[index] != kNotOnPage) numbers_.emplace(key_of(graph.node(index)), place[index]);
    }
    for (const std::uint32_t one : place) n_page_ += one != kNotOnPage ? 1 : 0;
  }

  std::int64_t of(const ScoreSource& source) {
    if (!source) return -1;
    const auto next = static_cast<std::int64_t>(n_page_ + others_.size());
    const auto [found, added] = numbers_.emplace(key_of(*source), next);
    if (added) add_other(*source);
    return found->second;
  }
  const Json& others() const { return others_; }

 private:
  using Key = std::tuple<NodeKind, std::int32_t, std::int32_t, std::int32_t>;

  /// Of tokens and errors the place alone counts.
  static Key key_of(const Node& node) {
    return {node.kind, node.kind == NodeKind::kToken ? -1 : node.layer, node.position,
            node.kind == NodeKind::kFeature ? node.feature : -1};
  }

  void add_other(const Node& node) {
    Json other = {{"kind", static_cast<int>(node.kind)},
                  {"layer", node.layer},
                  {"position", node.position},
                  {"feature", node.feature}};
    if (node.kind == NodeKind::kFeature) {
      const std::string label = feature_label(graph_, node.layer, node.feature);
      if (!label.empty()) other["text"] = label;
    }
    others_.push_back(std::move(other));
  }

  const AttributionGraph& graph_;
  std::map<Key, std::int64_t> numbers_;
  std::size_t n_page_ = 0;
  Json others_ = Json::array();
};

void add_parts(const EdgeHeads& divided, std::span<const std::uint32_t> link_place,
               HeadNumbers& heads, PageColumns& columns) {
  std::vector<std::uint32_t> links, offsets{0};
  std::vector<std::int32_t> ways;
  std::vector<float> weights;
  for (std::size_t i = 0; i < divided.edges.size(); ++i) {
    const std::uint32_t link = link_place[divided.edges[i]];
    if (link == kNotOnPage) continue;
    for (const EdgePart& part : divided.parts_of(i)) {
      ways.push_back(part.way == EdgeWay::kHead       ? heads.of(part.head)
                     : part.way == EdgeWay::kResidual ? kResidualWay
                                                      : kOtherHeadsWay);
      weights.push_back(part.weight);
    }
    links.push_back(link);
    offsets.push_back(static_cast<std::uint32_t>(ways.size()));
  }
  columns.add("part_link", links);
  columns.add("part_offset", offsets);
  columns.add("part_way", ways);
  columns.add("part_weight", weights);
}

Json marginals_json(const std::vector<ScoreMarginal>& marginals, SourceNumbers& sources) {
  Json json = Json::array();
  for (const ScoreMarginal& marginal : marginals) {
    json.push_back({sources.of(marginal.source), marginal.value});
  }
  return json;
}

Json table_json(const ScoreTable& table, SourceNumbers& sources) {
  const ScoreCell& cell = table.cell;
  Json json = {{"head", {cell.head.layer, cell.head.head}},
               {"query", cell.query},
               {"key", cell.key},
               {"score", table.score},
               {"absolute_sum", table.absolute_sum},
               {"weight", table.weight},
               {"n_query_sources", table.n_query_sources},
               {"n_key_sources", table.n_key_sources}};
  if (cell.other_key) {
    json["other_key"] = *cell.other_key;
    json["other_weight"] = table.other_weight;
  }
  if (table.soft_cap > 0) json["soft_cap"] = table.soft_cap;
  json["terms"] = Json::array();
  for (const ScoreTerm& term : table.terms) {
    json["terms"].push_back({sources.of(term.query), sources.of(term.key), term.value});
  }
  json["query_marginals"] = marginals_json(table.query_marginals, sources);
  json["key_marginals"] = marginals_json(table.key_marginals, sources);
  json["key_positions"] = table.key_positions;
  json["key_bias"] = table.key_bias;
  return json;
}

}  // namespace

std::string page_attention(const AttributionGraph& graph, std::span<const std::uint32_t> place,
                           std::span<const std::uint32_t> link_place, PageColumns& columns) {
  const AttentionDetails& attention = graph.attention();
  if (attention.empty()) return "";
  HeadNumbers heads;
  SourceNumbers sources(graph, place);
  add_parts(attention.edge_heads, link_place, heads, columns);
  Json json = {{"divided", !attention.edge_heads.empty()}, {"heads", heads.json()}};
  json["tables"] = Json::array();
  for (std::size_t i = 0; i < attention.tables.size(); ++i) {
    json["tables"].push_back(table_json(attention.tables[i], sources));
    if (!attention.carried.empty()) json["tables"].back()["carried"] = attention.carried[i];
  }
  json["others"] = sources.others();
  return json.dump();
}

}  // namespace circuit
