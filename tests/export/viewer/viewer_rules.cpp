#include "tests/export/viewer/viewer_rules.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

namespace circuit::testing {
namespace {

using Json = nlohmann::json;

class Rules {
 public:
  void require(bool holds, const std::string& sentence) {
    if (!holds) broken_.push_back(sentence);
  }
  std::vector<std::string> take() { return std::move(broken_); }

 private:
  std::vector<std::string> broken_;
};

bool has(const Json& object, const char* key, Json::value_t type) {
  return object.contains(key) && object[key].type() == type;
}

bool has_text(const Json& object, const char* key) {
  return has(object, key, Json::value_t::string);
}

void check_metadata(const Json& metadata, Rules& rules) {
  for (const char* key : {"slug", "scan", "prompt"}) {
    rules.require(has_text(metadata, key), std::string("metadata has no text ") + key);
  }
  rules.require(metadata.value("slug", "")
                        .find_first_not_of(
                            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
                    std::string::npos,
                "the slug cannot be uploaded: " + metadata.value("slug", ""));
  rules.require(has(metadata, "prompt_tokens", Json::value_t::array), "no prompt_tokens");
  rules.require(has(metadata, "transcoder_list", Json::value_t::array), "no transcoder_list");
  rules.require(metadata.contains("node_threshold") && metadata["node_threshold"].is_number() &&
                    metadata["node_threshold"] > 0,
                "node_threshold is not positive");
  const bool own_features = metadata.contains("feature_details") &&
                            metadata["feature_details"].contains("feature_json_base_url");
  rules.require(!(own_features && metadata.contains("schema_version")),
                "schema_version hides feature_json_base_url");
  for (const char* key : {"replacement_score", "completeness_score"}) {
    rules.require(!metadata.contains(key) || metadata[key].is_number(), "a score is no number");
  }
}

void check_view_state(const Json& state, Rules& rules) {
  for (const char* key : {"pinnedIds", "supernodes"}) {
    rules.require(has(state, key, Json::value_t::array), std::string("no array ") + key);
  }
  for (const char* key : {"linkType", "clickedId", "sg_pos"}) {
    rules.require(has_text(state, key), std::string("no text ") + key);
  }
  for (const Json& group : state["supernodes"]) {
    rules.require(group.is_array() && !group.empty() && group[0].is_string(),
                  "a supernode has no name: " + group.dump());
  }
  if (!state.contains("clerps")) return;
  // circuit-tracer's frontend makes a Map of the text's list.
  rules.require(state["clerps"].is_string(), "clerps is no text");
  const Json clerps = Json::parse(state.value("clerps", ""), nullptr, /*allow_exceptions=*/false);
  rules.require(
      clerps.is_array() &&
          std::ranges::all_of(clerps,
                              [](const Json& pair) { return pair.is_array() && pair.size() == 2; }),
      "clerps is no list of pairs");
}

/// The stock frontend deletes what stands at more than two thirds of the positions under one layer
/// and feature: embeddings without features of their own would all vanish.
void check_repeated_tokens(const Json& graph, Rules& rules) {
  std::map<std::string, std::size_t> counts;
  for (const Json& node : graph["nodes"]) {
    if (node.value("feature_type", "") == "embedding") ++counts[node["feature"].dump()];
  }
  for (const auto& [feature, count] : counts) {
    rules.require(count == 1, "embeddings share the feature " + feature);
  }
}

void check_logit(const Json& node, Rules& rules) {
  const std::string clerp = node.value("clerp", "");
  const std::size_t at = clerp.find("(p=");
  rules.require(at != std::string::npos, "a logit's clerp has no (p=: " + clerp);
  rules.require(at == clerp.rfind("(p="), "a logit's clerp has two (p=: " + clerp);
  rules.require(std::ranges::count(clerp, '"') == 2, "a logit's token is not between quotes");
  rules.require(node.contains("token_prob") && node["token_prob"].is_number(), "no token_prob");
}

void check_node(const Json& node, std::size_t n_positions, Rules& rules) {
  const std::string id = node.value("node_id", "?");
  for (const char* key : {"node_id", "jsNodeId", "layer", "feature_type", "clerp"}) {
    rules.require(has_text(node, key), id + " has no text " + key);
  }
  rules.require(node.contains("feature") && node["feature"].is_number_integer(),
                id + " has no whole feature");
  rules.require(node.contains("ctx_idx") && node["ctx_idx"].is_number_integer() &&
                    node["ctx_idx"] >= 0 && node["ctx_idx"] < n_positions,
                id + " stands at no position");
  for (const char* key : {"influence", "activation"}) {
    rules.require(node.contains(key) && (node[key].is_number() || node[key].is_null()),
                  id + " has no number or null " + key);
  }
  const std::string type = node.value("feature_type", "");
  if (type == "logit") check_logit(node, rules);
  if (type == "embedding") rules.require(node.value("layer", "") == "E", id + " is not in E");
  if (type == "cross layer transcoder") {
    rules.require(node["influence"].is_number() && node["activation"].is_number(),
                  id + " lacks influence or activation");
  }
}

void check_links(const Json& links, const std::set<std::string>& ids, Rules& rules) {
  for (const Json& link : links) {
    rules.require(ids.contains(link.value("source", "")) && ids.contains(link.value("target", "")),
                  "a link dangles: " + link.dump());
    rules.require(link.contains("weight") && link["weight"].is_number() &&
                      std::isfinite(link["weight"].get<double>()),
                  "a link has no finite weight");
  }
}

/// Neuronpedia's schema: three lists of ids and a number, each id that of a node or a descriptor.
void check_qk_results(const Json& results, const std::set<std::string>& ids, Rules& rules) {
  for (const auto& [key, n_ids] :
       {std::pair{"pair_wise_contributors", 2}, std::pair{"top_q_marginal_contributors", 1},
        std::pair{"top_k_marginal_contributors", 1}}) {
    rules.require(has(results, key, Json::value_t::array), std::string("no list ") + key);
    for (const Json& entry : results.value(key, Json::array())) {
      bool fits = entry.is_array() && entry.size() == static_cast<std::size_t>(n_ids) + 1 &&
                  entry.back().is_number();
      for (int i = 0; fits && i < n_ids; ++i) fits = ids.contains(entry[i].get<std::string>());
      rules.require(fits, std::string(key) + " has " + entry.dump());
    }
  }
}

void check_qk(const Json& graph, std::set<std::string> ids, Rules& rules) {
  const Json only_nodes = graph.value("qk_only_nodes", Json::object());
  for (const auto& [id, node] : only_nodes.items()) {
    rules.require(ids.insert(id).second, "a node is also in qk_only_nodes: " + id);
    rules.require(node.value("node_id", "") == id, id + " has another node_id");
    for (const char* key : {"node_id", "layer", "feature_type", "jsNodeId", "clerp"}) {
      rules.require(has_text(node, key), id + " has no text " + key);
    }
    rules.require(node.contains("ctx_idx") && node["ctx_idx"].is_number_integer(),
                  id + " stands at no position");
    rules.require(node.contains("feature") &&
                      (node["feature"].is_null() || node["feature"].is_number_integer()),
                  id + " has no feature or null");
  }
  for (const Json& node : graph["nodes"]) {
    if (node.contains("qk_tracing_results")) {
      check_qk_results(node["qk_tracing_results"], ids, rules);
    }
  }
}

}  // namespace

std::vector<std::string> broken_viewer_rules(const std::string& json) {
  Rules rules;
  const Json graph = Json::parse(json, nullptr, /*allow_exceptions=*/false);  // refuses NaN
  rules.require(graph.is_object(), "not a JSON object");
  for (const char* key : {"metadata", "qParams", "nodes", "links"}) {
    rules.require(graph.is_object() && graph.contains(key), std::string("no ") + key);
  }
  std::vector<std::string> broken = rules.take();
  if (!broken.empty()) return broken;

  check_metadata(graph["metadata"], rules);
  check_view_state(graph["qParams"], rules);
  std::set<std::string> ids, js_ids;
  for (const Json& node : graph["nodes"]) {
    check_node(node, graph["metadata"]["prompt_tokens"].size(), rules);
    rules.require(ids.insert(node.value("node_id", "")).second, "a node_id stands twice");
    rules.require(js_ids.insert(node.value("jsNodeId", "")).second, "a jsNodeId stands twice");
  }
  check_links(graph["links"], ids, rules);
  check_qk(graph, ids, rules);
  check_repeated_tokens(graph, rules);
  rules.require(json.size() < 100 * 1024 * 1024, "larger than 100 MiB");
  return rules.take();
}

}  // namespace circuit::testing
