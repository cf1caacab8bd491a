#include "export/graphml.h"

#include <array>
#include <cmath>
#include <map>
#include <string_view>

#include "export/names/head_ids.h"
#include "export/names/node_names.h"
#include "export/text/output_text.h"
#include "graph/kept_graph.h"

namespace circuit {
namespace {

struct Key {
  std::string_view element;
  std::string_view name;
  std::string_view type;
};

constexpr std::array<Key, 13> kKeys = {{
    {"node", "kind", "string"},
    {"node", "layer", "int"},
    {"node", "position", "int"},
    {"node", "feature", "long"},
    {"node", "label", "string"},
    {"node", "activation", "double"},
    {"node", "influence", "double"},
    {"node", "probability", "double"},
    {"node", "supernode", "string"},
    {"edge", "weight", "double"},
    {"edge", "share", "double"},
    {"edge", "head", "string"},
    {"edge", "head_weight", "double"},
}};

void append_header(const AttributionGraph& graph, std::string& out) {
  out +=
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n";
  for (const Key& key : kKeys) {
    out.append("  <key id=\"").append(key.name).append("\" for=\"").append(key.element);
    out.append("\" attr.name=\"").append(key.name).append("\" attr.type=\"").append(key.type);
    out.append("\"/>\n");
  }
  out +=
      "  <key id=\"prompt\" for=\"graph\" attr.name=\"prompt\" attr.type=\"string\"/>\n"
      "  <graph id=\"circuit\" edgedefault=\"directed\">\n    <data key=\"prompt\">" +
      escape_xml(graph.provenance().prompt) + "</data>\n";
}

void append_data(std::string_view key, std::string_view value, std::string& out) {
  out.append("<data key=\"").append(key).append("\">").append(value).append("</data>");
}

/// Floats as floats: 0.41, not 0.4099999964237213.
template <typename Number>
void append_number(std::string_view key, Number value, std::string& out) {
  if (std::isfinite(value)) append_data(key, number_text(value), out);
}

void append_node(const AttributionGraph& graph, const PrunedGraph& pruned, std::size_t index,
                 const std::string& id, const std::string& supernode, std::string& out) {
  const Node node = graph.node(index);
  out += "    <node id=\"" + id + "\">";
  append_data("kind", kind_name(node.kind), out);
  append_data("layer", std::to_string(node.layer), out);
  append_data("position", std::to_string(node.position), out);
  append_data("feature", std::to_string(node.feature), out);
  append_data("label", escape_xml(describe_node(graph, index)), out);
  if (node.kind == NodeKind::kFeature) append_number("activation", graph.activation(index), out);
  if (node.kind == NodeKind::kTarget) {
    append_number("probability", graph.target(index).probability, out);
  } else {
    append_number("influence", pruned.node_cumulative_influence[index], out);
  }
  if (!supernode.empty()) append_data("supernode", escape_xml(supernode), out);
  out += "</node>\n";
}

}  // namespace

std::string graphml(const AttributionGraph& graph, const PrunedGraph& pruned,
                    std::span<const Supernode> supernodes) {
  const KeptGraph kept = kept_graph(graph, pruned);
  std::map<std::size_t, std::string> group_of;
  for (const Supernode& supernode : supernodes) {
    for (const std::size_t node : supernode.nodes) group_of[node] = supernode.name;
  }
  std::string out;
  append_header(graph, out);
  std::map<std::size_t, std::string> ids;
  for (const std::size_t node : kept.nodes) {
    const std::string& id = ids.emplace(node, name_node(graph, node).node_id).first->second;
    append_node(graph, pruned, node, id, group_of[node], out);
  }
  for (const KeptEdge& edge : kept.edges) {
    out +=
        "    <edge source=\"" + ids.at(edge.source) + "\" target=\"" + ids.at(edge.target) + "\">";
    append_number("weight", edge.weight, out);
    append_number("share", edge.share, out);
    if (const EdgePart* part = strongest_head(graph.attention().edge_heads.find(edge.index))) {
      append_data("head", head_id(part->head), out);
      append_number("head_weight", part->weight, out);
    }
    out += "</edge>\n";
  }
  return out + "  </graph>\n</graphml>\n";
}

}  // namespace circuit
