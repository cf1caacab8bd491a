#include "export/viewer/viewer_qk.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "export/names/head_ids.h"
#include "export/names/node_ids.h"
#include "export/names/node_names.h"
#include "export/text/json_text.h"

namespace circuit {
namespace {

constexpr std::string_view kBiases = "bias";

/// Whether the attention of `layer` lies between a source and what reads at `read_layer`.
bool crosses(const Node& source, std::int32_t read_layer, std::int32_t layer) {
  return source.layer < layer && layer <= read_layer;
}

void append_text(std::string_view key, std::string_view text, std::string& out) {
  out.append(out.back() == '{' ? "\"" : ",\"").append(key).append("\":");
  append_json_string(text, out);
}

void append_whole(std::string_view key, std::int64_t number, std::string& out) {
  out.append(",\"").append(key).append("\":");
  append_json_number(number, out);
}

/// What the schema asks of a node that is only named.
std::string descriptor(const NodeName& name, std::optional<std::int64_t> feature,
                       std::string_view clerp) {
  std::string out = "{";
  append_text("node_id", name.node_id, out);
  if (feature) {
    append_whole("feature", *feature, out);
  } else {
    out += ",\"feature\":null";
  }
  append_text("layer", name.layer, out);
  append_whole("ctx_idx", name.position, out);
  append_text("feature_type", name.feature_type, out);
  append_text("jsNodeId", name.js_node_id, out);
  append_text("clerp", clerp, out);
  return out + "}";
}

NodeName name_biases(const Head& head, std::int32_t position) {
  NodeName name;
  name.layer = std::to_string(head.layer);
  name.position = position;
  name.feature_type = kBiases;
  const std::string id = name.layer + "_" + std::string(kBiases);
  name.node_id = id + "_" + std::to_string(position);
  name.js_node_id = id + "-" + std::to_string(position);
  return name;
}

}  // namespace

ViewerQk::ViewerQk(const AttributionGraph& graph, const PrunedGraph& pruned, const KeptGraph& kept)
    : graph_(graph), pruned_(pruned), kept_(kept) {
  const EdgeHeads& heads = graph.attention().edge_heads;
  divided_ = std::ranges::any_of(
      kept.edges, [&](const KeptEdge& edge) { return !heads.find(edge.index).empty(); });
}

const ScoreTable* ViewerQk::table_of(std::size_t index) const {
  const AttentionDetails& attention = graph_.attention();
  const Node target = graph_.node(index);
  const auto is_candidate = [&](const ScoreTable& table) {
    return table.cell.query == target.position && !table.cell.other_key;
  };
  if (std::ranges::none_of(attention.tables, is_candidate)) return nullptr;
  const auto edges = std::ranges::equal_range(kept_.edges, index, {}, &KeptEdge::target);
  // By head and key, what reaches the node. Without heads of edges: 1 where something may.
  std::map<std::pair<Head, std::int32_t>, double> brought;
  for (const KeptEdge& edge : edges) {
    const Node source = graph_.node(edge.source);
    for (const EdgePart& part : attention.edge_heads.find(edge.index)) {
      if (part.way != EdgeWay::kHead) continue;
      brought[{part.head, source.position}] += std::abs(static_cast<double>(part.weight));
    }
    if (divided_) continue;
    for (const ScoreTable& table : attention.tables) {
      const ScoreCell& cell = table.cell;
      if (cell.key != source.position) continue;
      if (!crosses(source, graph_.read_layer(index), cell.head.layer)) continue;
      brought[{cell.head, cell.key}] = 1;
    }
  }
  const ScoreTable* best = nullptr;
  double most = 0;
  for (const ScoreTable& table : attention.tables) {
    const auto found = brought.find({table.cell.head, table.cell.key});
    if (!is_candidate(table) || found == brought.end() || found->second <= most) continue;
    best = &table;
    most = found->second;
  }
  return best;
}

std::string ViewerQk::id_of(const ScoreSource& source, const Head& head, std::int32_t position) {
  const NodeName name = source ? name_node(*source) : name_biases(head, position);
  const auto is_kept = [&](std::size_t node) { return pruned_.node_mask[node] != 0; };
  const auto id = parse_node_id(name.node_id);
  const bool kept = source && id && std::ranges::any_of(find_nodes(graph_, *id), is_kept);
  if (!kept && !only_nodes_.contains(name.node_id)) {
    const bool feature = source && source->kind == NodeKind::kFeature;
    const std::string label =
        feature ? feature_label(graph_, source->layer, source->feature) : std::string();
    only_nodes_[name.node_id] =
        source ? descriptor(name, name.feature, label) : descriptor(name, std::nullopt, "biases");
  }
  return "\"" + name.node_id + "\",";
}

void ViewerQk::append_results(std::size_t node, std::string& out) {
  const ScoreTable* const table = table_of(node);
  if (table == nullptr) return;
  const ScoreCell& cell = table->cell;
  const auto query_id = [&](const ScoreSource& s) { return id_of(s, cell.head, cell.query); };
  const auto key_id = [&](const ScoreSource& s) { return id_of(s, cell.head, cell.key); };
  const auto append_list = [&](std::string_view key, const auto& items, auto ids) {
    out.append(",\"").append(key).append("\":[");
    for (const auto& item : items) {
      out.append(out.back() == '[' ? "[" : ",[").append(ids(item));
      append_json_number(item.value, out);
      out += ']';
    }
    out += ']';
  };
  out += ",\"qk_tracing_results\":{";
  append_text("head", head_id(cell.head), out);
  append_whole("query", cell.query, out);
  append_whole("key", cell.key, out);
  append_list("pair_wise_contributors", table->terms,
              [&](const ScoreTerm& term) { return query_id(term.query) + key_id(term.key); });
  append_list("top_q_marginal_contributors", table->query_marginals,
              [&](const ScoreMarginal& marginal) { return query_id(marginal.source); });
  append_list("top_k_marginal_contributors", table->key_marginals,
              [&](const ScoreMarginal& marginal) { return key_id(marginal.source); });
  out += '}';
}

void ViewerQk::append_only_nodes(std::string& out) const {
  std::string_view separator = "{\n";
  for (const auto& [id, node] : only_nodes_) {
    out.append(separator).append("\"").append(id).append("\":").append(node);
    separator = ",\n";
  }
  out += only_nodes_.empty() ? "{}" : "\n}";
}

}  // namespace circuit
