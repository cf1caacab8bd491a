#include "export/viewer/viewer_json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "export/names/node_names.h"
#include "export/names/slug.h"
#include "export/text/json_text.h"
#include "export/text/output_text.h"
#include "export/viewer/viewer_details.h"
#include "export/viewer/viewer_heads.h"
#include "export/viewer/viewer_qk.h"
#include "export/viewer/viewer_settings.h"
#include "graph/kept_graph.h"

namespace circuit {
namespace {

using Json = nlohmann::ordered_json;

/// Written as null.
constexpr float kNone = std::numeric_limits<float>::quiet_NaN();

Json number_or_text(const std::string& text) {
  const char* end = text.data() + text.size();
  std::int64_t whole = 0;
  if (const auto [at, error] = std::from_chars(text.data(), end, whole);
      error == std::errc{} && at == end) {
    return whole;
  }
  double value = 0;
  if (const auto [at, error] = std::from_chars(text.data(), end, value);
      error == std::errc{} && at == end && std::isfinite(value)) {
    return value;
  }
  return valid_utf8(text);
}

/// Everything but the thresholds, which stand in `pruning_settings`, and `compact`, which every
/// viewer file is.
Json generation_settings(const AttributionGraph& graph) {
  Json settings = Json::object();
  for (const auto& [option, value] : graph.provenance().settings) {
    std::string key = viewer_setting(option);
    if (key == "node_threshold" || key == "edge_threshold" || key == kCompactSetting) continue;
    settings[std::move(key)] = number_or_text(value);
  }
  return settings;
}

Json prompt_tokens(const AttributionGraph& graph) {
  Json tokens = Json::array();
  for (const std::string& token : graph.nodes().tokens) tokens.push_back(one_line(token));
  return tokens;
}

std::string scan_of(const AttributionGraph& graph, const ViewerOptions& options) {
  if (!options.scan.empty()) return valid_utf8(options.scan);
  const Provenance& provenance = graph.provenance();
  return provenance.scan.empty() ? slug(provenance.model_name) : valid_utf8(provenance.scan);
}

void add_feature_details(const ViewerOptions& options, Json& metadata) {
  Json details = Json::object();
  if (!options.feature_json_base_url.empty()) {
    details["feature_json_base_url"] = valid_utf8(options.feature_json_base_url);
  }
  if (!options.neuronpedia_source_set.empty()) {
    details["neuronpedia_source_set"] = valid_utf8(options.neuronpedia_source_set);
  }
  if (!details.empty()) metadata["feature_details"] = std::move(details);
}

void add_score(std::string_view key, std::optional<double> score, Json& metadata) {
  if (score && std::isfinite(*score)) metadata[std::string(key)] = *score;
}

/// Viewers hide what has more cumulative influence, so where nodes are not kept by a threshold it
/// must let all of them pass.
double slider_end(const AttributionGraph& graph, const PrunedGraph& pruned) {
  double end = pruned.options.node_threshold;
  if (!pruned.options.keep_errors && pruned.options.max_nodes == 0) return end;
  for (std::size_t node = 0; node < graph.first_token(); ++node) {
    if (pruned.node_mask[node] == 0) continue;
    end = std::max(end, static_cast<double>(pruned.node_cumulative_influence[node]));
  }
  return end;
}

Json metadata_of(const AttributionGraph& graph, const PrunedGraph& pruned,
                 const ViewerOptions& options) {
  const Provenance& provenance = graph.provenance();
  Json metadata;
  metadata["slug"] = options.slug.empty() ? slug(provenance.prompt) : valid_utf8(options.slug);
  metadata["scan"] = scan_of(graph, options);
  metadata["transcoder_list"] = Json::array();
  for (const std::string& scan : options.transcoder_list) {
    metadata["transcoder_list"].push_back(valid_utf8(scan));
  }
  metadata["prompt_tokens"] = prompt_tokens(graph);
  metadata["prompt"] = valid_utf8(provenance.prompt);
  metadata["node_threshold"] = slider_end(graph, pruned);
  if (options.feature_json_base_url.empty()) metadata["schema_version"] = 1;
  metadata["title_prefix"] = valid_utf8(options.title_prefix);
  metadata["n_layers"] = graph.n_layers();
  add_feature_details(options, metadata);
  metadata["info"]["generator"] = {{"name", "circuit"},
                                   {"version", valid_utf8(provenance.tool_version)}};
  metadata["generation_settings"] = generation_settings(graph);
  metadata["pruning_settings"] = {{"node_threshold", pruned.options.node_threshold},
                                  {"edge_threshold", pruned.options.edge_threshold}};
  add_score("replacement_score", options.scores.replacement, metadata);
  add_score("completeness_score", options.scores.completeness, metadata);
  return metadata;
}

std::string view_parameters(const ViewState& state) {
  std::string out = "{\"pinnedIds\":" + pins_json(state) +
                    ",\"supernodes\":" + supernodes_json(state) +
                    R"(,"linkType":"both","clickedId":"","sg_pos":"")";
  // Viewers parse this text once more.
  if (!state.clerps.empty()) out += ",\"clerps\":" + Json(clerps_json(state)).dump();
  return out + "}";
}

/// Targets carry no influence of their own: null passes every viewer's influence slider.
void append_node(const AttributionGraph& graph, const PrunedGraph& pruned, std::size_t node,
                 const NodeName& name, ViewerQk& qk, std::string& out) {
  const NodeKind kind = graph.kind(node);
  const bool target = kind == NodeKind::kTarget;
  out.append(R"({"node_id":")").append(name.node_id).append(R"(","feature":)");
  append_json_number(name.feature, out);
  out.append(R"(,"layer":")").append(name.layer).append(R"(","ctx_idx":)");
  append_json_number(std::int64_t{name.position}, out);
  out.append(R"(,"feature_type":")").append(name.feature_type).append(R"(","token_prob":)");
  append_json_number(target ? graph.target(node).probability : 0.0, out);
  out.append(R"(,"is_target_logit":)").append(node == graph.first_target() ? "true" : "false");
  out.append(R"(,"run_idx":0,"reverse_ctx_idx":0,"jsNodeId":")").append(name.js_node_id);
  out.append(R"(","clerp":)");
  append_json_string(clerp(graph, node), out);
  out += R"(,"influence":)";
  append_json_number(target ? kNone : pruned.node_cumulative_influence[node], out);
  out += R"(,"activation":)";
  append_json_number(kind == NodeKind::kFeature ? graph.activation(node) : kNone, out);
  qk.append_results(node, out);
  out += '}';
}

void append_nodes(const AttributionGraph& graph, const PrunedGraph& pruned, const KeptGraph& kept,
                  const std::vector<NodeName>& names, ViewerQk& qk, std::string& out) {
  std::string_view separator = "\n";
  for (std::size_t i = 0; i < kept.nodes.size(); ++i) {
    out += separator;
    append_node(graph, pruned, kept.nodes[i], names[i], qk, out);
    separator = ",\n";
  }
}

/// Node ids need no escaping.
void append_links(const AttributionGraph& graph, const KeptGraph& kept,
                  const std::vector<NodeName>& names, std::string& out) {
  std::vector<std::string_view> ids(graph.n_nodes());
  for (std::size_t i = 0; i < kept.nodes.size(); ++i) ids[kept.nodes[i]] = names[i].node_id;
  std::string_view separator = "\n";
  for (const KeptEdge& edge : kept.edges) {
    out.append(separator).append(R"({"source":")").append(ids[edge.source]);
    out.append(R"(","target":")").append(ids[edge.target]).append(R"(","weight":)");
    append_json_number(edge.weight, out);
    if (const auto parts = graph.attention().edge_heads.find(edge.index); !parts.empty()) {
      out.append(",\"").append(kHeadsKey).append("\":");
      append_heads(parts, out);
    }
    out += '}';
    separator = ",\n";
  }
}

}  // namespace

std::string viewer_json(const AttributionGraph& graph, const PrunedGraph& pruned,
                        const ViewerOptions& options) {
  const KeptGraph kept = kept_graph(graph, pruned);
  std::vector<NodeName> names;
  names.reserve(kept.nodes.size());
  for (const std::size_t node : kept.nodes) names.push_back(name_node(graph, node));
  std::string out = "{\"metadata\":" + metadata_of(graph, pruned, options).dump() +
                    ",\n\"qParams\":" + view_parameters(options.state) + ",\n\"nodes\":[";
  // Most of a large file are links of some 75 bytes and nodes of some 300.
  out.reserve(out.size() + 320 * kept.nodes.size() + 80 * kept.edges.size());
  ViewerQk qk(graph, pruned, kept);
  append_nodes(graph, pruned, kept, names, qk, out);
  out += "\n],\n\"links\":[";
  append_links(graph, kept, names, out);
  out += "\n],\n";
  if (!graph.attention().tables.empty()) {
    out += "\"qk_only_nodes\":";
    qk.append_only_nodes(out);
    out += ",\n";
  }
  out += "\"circuit\":";
  append_viewer_details(graph, pruned, options.scores, out);
  return out + "}\n";
}

}  // namespace circuit
