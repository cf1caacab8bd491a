#include "export/viewer_json.h"

#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <string_view>

#include <nlohmann/json.hpp>

#include "export/kept_graph.h"
#include "export/node_names.h"
#include "export/output_text.h"
#include "export/slug.h"

namespace circuit {
namespace {

using Json = nlohmann::ordered_json;

/// The names that viewers give to our options.
constexpr std::pair<std::string_view, std::string_view> kViewerSettings[] = {
    {"batch-size", "batch_size"},
    {"logit-prob", "desired_logit_prob"},
    {"max-features", "max_feature_nodes"},
    {"max-logits", "max_n_logits"},
};

std::string viewer_setting(std::string_view option) {
  while (option.starts_with('-')) option.remove_prefix(1);
  for (const auto& [ours, theirs] : kViewerSettings) {
    if (option == ours) return std::string(theirs);
  }
  std::string key = valid_utf8(option);
  for (char& c : key) {
    if (c == '-') c = '_';
  }
  return key;
}

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

/// Everything but the thresholds, which stand in `pruning_settings`.
Json generation_settings(const AttributionGraph& graph) {
  Json settings = Json::object();
  for (const auto& [option, value] : graph.provenance().settings) {
    std::string key = viewer_setting(option);
    if (key == "node_threshold" || key == "edge_threshold") continue;
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
  metadata["node_threshold"] = pruned.options.node_threshold;
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

/// The double whose shortest text is the float's: 0.41, not 0.4099999964237213.
Json short_number(float value) {
  if (!std::isfinite(value)) return nullptr;
  return number_or_text(number_text(value));
}

/// Parameters of an address: a group is a list of its name and its members, a label a pair.
Json view_state(const ViewState& view) {
  Json pins = Json::array(), supernodes = Json::array(), clerps = Json::array();
  for (const std::string& id : view.pinned_ids) pins.push_back(valid_utf8(id));
  for (const ViewState::Supernode& group : view.supernodes) {
    Json list = Json::array({valid_utf8(group.name)});
    for (const std::string& id : group.node_ids) list.push_back(valid_utf8(id));
    supernodes.push_back(std::move(list));
  }
  for (const auto& [id, label] : view.clerps) {
    clerps.push_back(Json::array({valid_utf8(id), valid_utf8(label)}));
  }
  Json state = {{"pinnedIds", std::move(pins)},
                {"supernodes", std::move(supernodes)},
                {"linkType", "both"},
                {"clickedId", ""},
                {"sg_pos", ""}};
  if (!clerps.empty()) state["clerps"] = std::move(clerps);
  return state;
}

/// Targets carry no influence of their own: null passes every viewer's influence slider.
Json node_json(const AttributionGraph& graph, const PrunedGraph& pruned, std::size_t node,
               const NodeName& name) {
  const NodeKind kind = graph.kind(node);
  const bool target = kind == NodeKind::kTarget;
  const double probability = target ? graph.target(node).probability : 0.0;
  Json json;
  json["node_id"] = name.node_id;
  json["feature"] = name.feature;
  json["layer"] = name.layer;
  json["ctx_idx"] = name.position;
  json["feature_type"] = name.feature_type;
  json["token_prob"] = std::isfinite(probability) ? probability : 0.0;
  json["is_target_logit"] = node == graph.first_target();
  json["run_idx"] = 0;
  json["reverse_ctx_idx"] = 0;
  json["jsNodeId"] = name.js_node_id;
  json["clerp"] = clerp(graph, node);
  json["influence"] = target ? Json() : short_number(pruned.node_cumulative_influence[node]);
  json["activation"] = kind == NodeKind::kFeature ? short_number(graph.activation(node)) : Json();
  return json;
}

/// Node ids need no escaping, so links are joined by hand: there can be a million of them.
void append_links(const KeptGraph& kept, const std::map<std::size_t, NodeName>& names,
                  std::string& out) {
  std::string_view separator = "\n";
  for (const KeptEdge& edge : kept.edges) {
    out.append(separator).append(R"({"source":")").append(names.at(edge.source).node_id);
    out.append(R"(","target":")").append(names.at(edge.target).node_id);
    out.append(R"(","weight":)").append(number_text(edge.weight)).append("}");
    separator = ",\n";
  }
}

}  // namespace

std::string viewer_json(const AttributionGraph& graph, const PrunedGraph& pruned,
                        const ViewerOptions& options) {
  const KeptGraph kept = kept_graph(graph, pruned);
  std::string out = "{\"metadata\":" + metadata_of(graph, pruned, options).dump() +
                    ",\n\"qParams\":" + view_state(options.view).dump() + ",\n\"nodes\":[";
  std::map<std::size_t, NodeName> names;
  for (const std::size_t node : kept.nodes) {
    const NodeName& name = names.emplace(node, name_node(graph, node)).first->second;
    out += names.size() == 1 ? "\n" : ",\n";
    out += node_json(graph, pruned, node, name).dump();
  }
  out += "\n],\n\"links\":[";
  append_links(kept, names, out);
  return out + "\n]}\n";
}

}  // namespace circuit
