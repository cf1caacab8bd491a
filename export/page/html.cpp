#include "export/page/html.h"

#include <cstdint>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "export/names/node_names.h"
#include "export/page/page_data.h"
#include "export/page/page_skeleton.h"
#include "export/page/page_text.h"
#include "export/text/output_text.h"

namespace circuit {
namespace {

using Json = nlohmann::ordered_json;

std::string state_json(const ViewState& view) {
  return script_safe("{\"pinnedIds\":" + pins_json(view) + ",\"supernodes\":" +
                     supernodes_json(view) + ",\"clerps\":" + clerps_json(view) + "}");
}

Json values_json(const std::vector<FeatureCard::TokenValue>& values) {
  Json rows = Json::array();
  for (const FeatureCard::TokenValue& value : values) {
    rows.push_back({one_line(value.token), value.value});
  }
  return rows;
}

Json card_json(const FeatureCard& card) {
  Json json;
  json["label"] = valid_utf8(card.label);
  json["frequency"] = card.frequency ? Json(*card.frequency) : Json(nullptr);
  json["maximum"] = card.maximum ? Json(*card.maximum) : Json(nullptr);
  if (card.histogram) {
    json["histogram"] = {{"edges", card.histogram->edges}, {"counts", card.histogram->counts}};
  }
  json["top_logits"] = values_json(card.top_logits);
  json["bottom_logits"] = values_json(card.bottom_logits);
  json["examples"] = Json::array();
  for (const FeatureCard::Example& example : card.examples) {
    Json tokens = Json::array();
    for (const std::string& token : example.tokens) tokens.push_back(one_line(token));
    json["examples"].push_back(
        {{"tokens", std::move(tokens)}, {"activations", example.activations}, {"at", example.at}});
  }
  return json;
}

/// `"LAYER_FEATURE"` → card, of features that are nodes of the page.
std::string cards_json(const AttributionGraph& graph, const PrunedGraph& pruned,
                       const std::vector<FeatureCard>& cards) {
  std::set<std::pair<std::int32_t, std::int32_t>> shown;
  for (std::size_t index = 0; index < graph.n_features(); ++index) {
    const Node node = graph.node(index);
    if (pruned.node_mask[index] != 0) shown.insert({node.layer, node.feature});
  }
  Json json = Json::object();
  for (const FeatureCard& card : cards) {
    if (!shown.contains({card.layer, card.feature})) continue;
    json[std::to_string(card.layer) + "_" + std::to_string(card.feature)] = card_json(card);
  }
  return script_safe(json.dump());
}

}  // namespace

std::string html_page(const AttributionGraph& graph, const PrunedGraph& pruned,
                      const HtmlOptions& options) {
  PageData data = page_data(graph, pruned, options.title, options.scores, options.most_links);
  PageData other{.head = "null", .columns = ""};
  if (options.compare.graph != nullptr && options.compare.pruned != nullptr) {
    const ComparedGraph& compare = options.compare;
    other = page_data(*compare.graph, *compare.pruned, compare.title, compare.scores,
                      options.most_links);
  }
  return fill_skeleton(page_text::skeleton,
                       {{"policy", page_policy(page_text::script_hash, page_text::style_hash)},
                        {"title", escape_xml(page_title(graph, options.title))},
                        {"notices", std::string(page_text::notices)},
                        {"style", std::string(page_text::style)},
                        {"head", std::move(data.head)},
                        {"columns", std::move(data.columns)},
                        {"compare_head", std::move(other.head)},
                        {"compare_columns", std::move(other.columns)},
                        {"state", state_json(options.view)},
                        {"cards", cards_json(graph, pruned, options.cards)},
                        {"script", std::string(page_text::script)}});
}

}  // namespace circuit
