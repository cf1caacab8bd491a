#include "export/page/page_data.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "export/names/node_names.h"
#include "export/page/page_attention.h"
#include "export/page/page_columns.h"
#include "export/page/page_skeleton.h"
#include "export/text/output_text.h"
#include "graph/influence.h"
#include "graph/kept_graph.h"

namespace circuit {
namespace {

using Json = nlohmann::ordered_json;

/// Kept nodes in their order, and where each node of the graph stands among them.
struct PageNodes {
  std::vector<std::size_t> nodes;
  std::vector<std::uint32_t> place;  ///< [n_nodes] kNotOnPage for the others
};

PageNodes page_nodes(const AttributionGraph& graph, const PrunedGraph& pruned) {
  PageNodes kept{.nodes = {}, .place = std::vector<std::uint32_t>(graph.n_nodes(), kNotOnPage)};
  for (std::size_t node = 0; node < graph.n_nodes(); ++node) {
    if (pruned.node_mask[node] == 0) continue;
    kept.place[node] = static_cast<std::uint32_t>(kept.nodes.size());
    kept.nodes.push_back(node);
  }
  return kept;
}

std::size_t links_between(const AttributionGraph& graph, const PageNodes& kept) {
  std::size_t count = 0;
  for (const std::size_t node : kept.nodes) {
    for (const std::int32_t source : graph.edges().row_columns(node)) {
      count += kept.place[static_cast<std::size_t>(source)] != kNotOnPage ? 1 : 0;
    }
  }
  return count;
}

/// For each node of the graph, the share of influence of all nodes with more than it has: it is
/// kept at every node threshold above. What `prune` does with ties is in it.
std::vector<double> influence_before(const std::vector<double>& influence, double total) {
  std::vector<double> before(influence.size(), 1.0);
  double running = 0, of_more = 0, last = -1;
  for (const std::size_t node : order_by_influence(influence)) {
    if (influence[node] != last) of_more = running;
    last = influence[node];
    before[node] = total > 0 ? of_more / total : 0.0;
    running += influence[node];
  }
  return before;
}

void add_nodes(const AttributionGraph& graph, const PrunedGraph& pruned, const PageNodes& kept,
               PageColumns& columns) {
  const std::vector<double> influence = compute_influence(graph);
  const double total = std::accumulate(influence.begin(), influence.end(), 0.0);
  const std::vector<double> before = influence_before(influence, total);
  std::vector<std::uint8_t> kinds;
  std::vector<std::int32_t> layers, positions, features;
  std::vector<float> activations, cumulative, dropped;
  std::vector<double> shares, befores;
  for (const std::size_t index : kept.nodes) {
    const Node node = graph.node(index);
    kinds.push_back(static_cast<std::uint8_t>(node.kind));
    layers.push_back(node.layer);
    positions.push_back(node.position);
    features.push_back(node.feature);
    activations.push_back(node.kind == NodeKind::kFeature ? graph.activation(index) : 0.0F);
    cumulative.push_back(pruned.node_cumulative_influence[index]);
    dropped.push_back(graph.row_dropped()[index]);
    shares.push_back(total > 0 ? influence[index] / total : 0.0);
    befores.push_back(before[index]);
  }
  columns.add("kind", kinds);
  columns.add("layer", layers);
  columns.add("position", positions);
  columns.add("feature", features);
  columns.add("activation", activations);
  columns.add("cumulative", cumulative);
  columns.add("dropped", dropped);
  columns.add("influence", shares);
  columns.add("before", befores);
}

/// `rest` is what a row reads and no link of the page carries: from errors, tokens and features
/// that are not kept, and with `all` false from kept ones over links that are not. Returns where
/// each edge of the graph stands among the links [edges].
std::vector<std::uint32_t> add_links(const AttributionGraph& graph, const PrunedGraph& pruned,
                                     const PageNodes& kept, bool all, PageColumns& columns) {
  const EdgeMatrix& edges = graph.edges();
  std::vector<std::uint32_t> places(edges.edges(), kNotOnPage), offsets{0}, sources;
  std::vector<float> weights;
  std::vector<std::uint8_t> shown;
  std::vector<double> rests;
  for (const std::size_t row : kept.nodes) {
    double rest = 0;
    for (std::size_t edge = edges.begin(row); edge < edges.end(row); ++edge) {
      const std::uint32_t source = kept.place[static_cast<std::size_t>(edges.columns[edge])];
      const bool drawn = source != kNotOnPage && pruned.edge_mask[edge] != 0;
      if (source == kNotOnPage || (!all && !drawn)) {
        rest += std::abs(static_cast<double>(edges.weights[edge]));
        continue;
      }
      places[edge] = static_cast<std::uint32_t>(sources.size());
      sources.push_back(source);
      weights.push_back(edges.weights[edge]);
      shown.push_back(drawn ? 1 : 0);
    }
    offsets.push_back(static_cast<std::uint32_t>(sources.size()));
    rests.push_back(rest);
  }
  columns.add("offset", offsets);
  columns.add("source", sources);
  columns.add("weight", weights);
  columns.add("shown", shown);
  columns.add("rest", rests);
  return places;
}

std::string text_of(const AttributionGraph& graph, std::size_t index) {
  const Node node = graph.node(index);
  switch (node.kind) {
    case NodeKind::kFeature:
      return feature_label(graph, node.layer, node.feature);
    case NodeKind::kError:
      return "";
    case NodeKind::kToken:
      return one_line(graph.nodes().tokens[static_cast<std::size_t>(node.position)]);
    case NodeKind::kTarget:
      break;
  }
  return target_text(graph, index);
}

Json number_or_null(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

Json scores_json(const Scores& scores) {
  return {{"replacement", number_or_null(scores.replacement)},
          {"completeness", number_or_null(scores.completeness)}};
}

/// Tokens and differences are what a page takes targets for.
void add_target_kinds(const AttributionGraph& graph, Json& head) {
  const std::vector<Target>& targets = graph.nodes().targets;
  if (std::ranges::all_of(targets, [](const Target& t) { return t.kind < TargetKind::kFeature; })) {
    return;
  }
  head["target_kinds"] = Json::array();
  for (const Target& target : targets) {
    head["target_kinds"].push_back(static_cast<int>(target.kind));
  }
}

Json head_of(const AttributionGraph& graph, const PrunedGraph& pruned, const PageNodes& kept) {
  const Provenance& provenance = graph.provenance();
  Json head;
  head["format"] = "circuit.page";
  head["version"] = 1;
  head["prompt"] = valid_utf8(provenance.prompt);
  head["n_layers"] = graph.n_layers();
  head["model"] = valid_utf8(provenance.model_name);
  head["transcoders"] = valid_utf8(provenance.transcoders_name);
  head["transcoders_hash"] = valid_utf8(provenance.transcoders_hash);
  head["scan"] = valid_utf8(provenance.scan);
  head["generator"] = "circuit " + valid_utf8(provenance.tool_version);
  // What a budget of nodes covers is not known, and shares of what a compact graph has left are of
  // that alone: any may be asked for.
  const bool left = graph.is_compact();
  const PruneOptions& options = pruned.options;
  head["node_threshold"] = left || options.max_nodes > 0 ? 1.0 : options.node_threshold;
  head["edge_threshold"] = left ? 1.0 : options.edge_threshold;
  head["keep_errors"] = pruned.options.keep_errors;
  head["edges_per_target"] = pruned.options.edge_rule == EdgeRule::kPerTarget;
  head["tokens"] = Json::array();
  for (const std::string& token : graph.nodes().tokens) head["tokens"].push_back(one_line(token));
  head["ids"] = Json::array();
  head["texts"] = Json::array();
  head["probabilities"] = Json::array();
  for (const std::size_t node : kept.nodes) {
    head["ids"].push_back(name_node(graph, node).node_id);
    head["texts"].push_back(text_of(graph, node));
    if (graph.kind(node) == NodeKind::kTarget) {
      head["probabilities"].push_back(graph.target(node).probability);
    }
  }
  add_target_kinds(graph, head);
  return head;
}

}  // namespace

std::string page_title(const AttributionGraph& graph, const std::string& title) {
  if (!title.empty()) return valid_utf8(title);
  if (!graph.provenance().prompt.empty()) return valid_utf8(graph.provenance().prompt);
  std::string text;
  for (const std::string& token : graph.nodes().tokens) text += token;
  return valid_utf8(text);
}

PageData page_data(const AttributionGraph& graph, const PrunedGraph& pruned,
                   const std::string& title, const Scores& scores, std::size_t most_links) {
  require_masks(graph, pruned);
  const PageNodes kept = page_nodes(graph, pruned);
  const bool all = links_between(graph, kept) <= most_links;
  PageColumns columns;
  add_nodes(graph, pruned, kept, columns);
  const std::vector<std::uint32_t> links = add_links(graph, pruned, kept, all, columns);
  const std::string attention = page_attention(graph, kept.place, links, columns);

  Json head = head_of(graph, pruned, kept);
  head["title"] = page_title(graph, title);
  head["all_links"] = all;
  head["scorable"] = !graph.is_compact();
  head["scores"] = {{"whole", scores_json(scores)}};
  if (!graph.is_compact()) {
    head["scores"]["pruned"] = scores_json(compute_scores(graph, pruned.node_mask));
  }
  if (!attention.empty()) head["attention"] = Json::parse(attention);
  head["columns"] = Json::array();
  for (const PageColumns::Column& column : columns.columns()) {
    head["columns"].push_back({{"name", column.name},
                               {"type", column.type},
                               {"offset", column.offset},
                               {"count", column.count}});
  }
  return {.head = script_safe(head.dump()), .columns = columns.base64()};
}

}  // namespace circuit
