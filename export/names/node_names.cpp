#include "export/names/node_names.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <stdexcept>

#include "export/text/output_text.h"

namespace circuit {
namespace {

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::int64_t vocabulary_size(const GraphNodes& nodes,
                             const std::map<std::string, std::string>& settings) {
  if (const auto found = settings.find("vocabulary_size"); found != settings.end()) {
    const std::string& text = found->second;
    std::int64_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc{} || end != text.data() + text.size() || size < 0 ||
        size > std::int64_t{1} << 40) {
      throw std::invalid_argument("[node_names] setting vocabulary_size is '" + text +
                                  "', expected a number of tokens");
    }
    return size;
  }
  std::int32_t largest = -1;
  for (const std::int32_t id : nodes.input_ids) largest = std::max(largest, id);
  for (const Target& target : nodes.targets) largest = std::max(largest, target.token_id);
  return std::int64_t{largest} + 1;
}

NodeName named(std::string layer, const std::string& id, std::int32_t position,
               std::int64_t feature, std::string_view type) {
  const std::string at = std::to_string(position);
  NodeName name;
  name.node_id = layer + "_" + id + "_" + at;
  name.js_node_id = layer + "_" + id + "-" + at;
  name.feature = feature;
  name.layer = std::move(layer);
  name.position = position;
  name.feature_type = type;
  return name;
}

NodeName name_target(const AttributionGraph& graph, std::size_t node) {
  const std::int64_t id = target_id(graph, node - graph.first_target());
  const std::int32_t position = graph.node(node).position;
  NodeName name =
      named(std::to_string(graph.n_layers() + 1), std::to_string(id), position, id, "logit");
  name.js_node_id = "L_" + std::to_string(id) + "-" + std::to_string(position);
  return name;
}

std::string target_clerp(const AttributionGraph& graph, std::size_t node) {
  const Target& target = graph.target(node);
  std::string text = replaced(target_text(graph, node), "\"", "”");
  text = replaced(std::move(text), "(p=", "(p =");
  const std::string what = target.kind == TargetKind::kFeature  ? "Feature"
                           : target.kind == TargetKind::kVector ? "Vector"
                                                                : "Output";
  return what + " \"" + text + "\" (p=" + fixed_text(target.probability, 3) + ")";
}

}  // namespace

std::int64_t cantor_pair(std::int32_t x, std::int32_t y) {
  const std::int64_t sum = std::int64_t{x} + y;
  return sum * (sum + 1) / 2 + y;
}

std::int64_t target_id(const GraphNodes& nodes, const std::map<std::string, std::string>& settings,
                       std::size_t target_index) {
  const Target& target = nodes.targets.at(target_index);
  if (target.kind == TargetKind::kToken) return target.token_id;
  return vocabulary_size(nodes, settings) + static_cast<std::int64_t>(target_index);
}

std::int64_t target_id(const AttributionGraph& graph, std::size_t target_index) {
  return target_id(graph.nodes(), graph.provenance().settings, target_index);
}

NodeName name_node(const Node& node) {
  assert(node.kind != NodeKind::kTarget);
  const std::string layer = std::to_string(node.layer);
  switch (node.kind) {
    case NodeKind::kFeature:
      return named(layer, std::to_string(node.feature), node.position,
                   cantor_pair(node.layer, node.feature), "cross layer transcoder");
    case NodeKind::kError:
      return named(layer, "-1", node.position, -1, "mlp reconstruction error");
    default:
      return named("E", std::to_string(node.feature), node.position, node.position, "embedding");
  }
}

NodeName name_node(const AttributionGraph& graph, std::size_t index) {
  return graph.kind(index) == NodeKind::kTarget ? name_target(graph, index)
                                                : name_node(graph.node(index));
}

std::string_view kind_name(NodeKind kind) {
  switch (kind) {
    case NodeKind::kFeature:
      return "feature";
    case NodeKind::kError:
      return "error";
    case NodeKind::kToken:
      return "token";
    case NodeKind::kTarget:
      break;
  }
  return "target";
}

std::string feature_label(const AttributionGraph& graph, std::int32_t layer, std::int32_t feature) {
  const auto& labels = graph.provenance().feature_labels;
  const auto found = labels.find({layer, feature});
  return found == labels.end() ? std::string() : one_line(found->second.text);
}

std::string target_text(const AttributionGraph& graph, std::size_t index) {
  const Target& target = graph.target(index);
  const std::string text = one_line(target.display);
  if (target.kind != TargetKind::kFeature) return text;
  const std::string label = feature_label(graph, target.layer, target.feature);
  return text + " at " + std::to_string(target.position) + (label.empty() ? "" : ": " + label);
}

std::string clerp(const AttributionGraph& graph, std::size_t index) {
  const Node node = graph.node(index);
  if (node.kind == NodeKind::kFeature) return feature_label(graph, node.layer, node.feature);
  if (node.kind == NodeKind::kTarget) return target_clerp(graph, index);
  return "";
}

std::string describe_node(const AttributionGraph& graph, const Node& node) {
  assert(node.kind != NodeKind::kTarget);
  const std::string at = std::to_string(node.position);
  const std::string layer = "L" + std::to_string(node.layer);
  if (node.kind == NodeKind::kError) return "error " + layer + " at " + at;
  if (node.kind == NodeKind::kToken) {
    return "token " + at + " \"" +
           one_line(graph.nodes().tokens[static_cast<std::size_t>(node.position)]) + "\"";
  }
  const std::string label = feature_label(graph, node.layer, node.feature);
  const std::string name = layer + "/" + std::to_string(node.feature) + " at " + at;
  return label.empty() ? name : name + ": " + label;
}

std::string describe_node(const AttributionGraph& graph, std::size_t index) {
  const Node node = graph.node(index);
  if (node.kind != NodeKind::kTarget) return describe_node(graph, node);
  const bool last = static_cast<std::size_t>(node.position) + 1 == graph.n_positions();
  const bool said = last || graph.target(index).kind == TargetKind::kFeature;
  return target_clerp(graph, index) + (said ? "" : " after " + std::to_string(node.position));
}

}  // namespace circuit
