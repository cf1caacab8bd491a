#include "export/names/view_nodes.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "export/names/group_names.h"
#include "export/names/node_ids.h"
#include "export/names/node_names.h"
#include "export/text/output_text.h"
#include "graph/kept_graph.h"

namespace circuit {
namespace {

constexpr std::string_view kLabelSource = "viewer";

bool is_empty(const ViewState& state) {
  return state.pinned_ids.empty() && state.supernodes.empty() && state.clerps.empty();
}

std::optional<std::size_t> find_node(const AttributionGraph& graph, const std::string& text) {
  const auto id = parse_node_id(text);
  if (!id || !id->position) return std::nullopt;
  const std::vector<std::size_t> nodes = find_nodes(graph, *id);
  return nodes.empty() ? std::nullopt : std::optional(nodes.front());
}

}  // namespace

std::size_t rename_ids(
    ViewState& state, const std::function<std::optional<std::string>(const std::string&)>& rename) {
  const auto vanishes = [&](std::string& id) {
    std::optional<std::string> name = rename(id);
    if (name) id = std::move(*name);
    return !name.has_value();
  };
  std::size_t left_out = std::erase_if(state.pinned_ids, vanishes);
  std::erase_if(state.supernodes, [&](ViewState::Supernode& group) {
    const std::size_t lost = std::erase_if(group.node_ids, vanishes);
    left_out += lost;
    return lost > 0 && group.node_ids.empty();
  });
  left_out += std::erase_if(state.clerps, [&](auto& label) { return vanishes(label.first); });
  return left_out;
}

void keep_kept(const AttributionGraph& graph, const PrunedGraph& pruned, ViewState& state) {
  if (is_empty(state)) return;
  require_masks(graph, pruned);
  rename_ids(state, [&](const std::string& id) -> std::optional<std::string> {
    const auto node = find_node(graph, id);
    return node && pruned.node_mask[*node] != 0 ? std::optional(id) : std::nullopt;
  });
}

std::vector<Supernode> groups_of_view(const AttributionGraph& graph, const ViewState& state) {
  std::vector<Supernode> groups;
  std::unordered_set<std::size_t> taken;
  for (const ViewState::Supernode& group : state.supernodes) {
    std::vector<std::size_t> members;
    for (const std::string& id : group.node_ids) {
      const auto node = find_node(graph, id);
      if (node && taken.insert(*node).second) members.push_back(*node);
    }
    if (members.empty()) continue;
    std::ranges::sort(members);
    groups.push_back(
        {.name = group.name.empty() ? "group" : group.name, .nodes = std::move(members)});
  }
  make_unique(groups);
  return groups;
}

void apply_view_labels(const ViewState& state, AttributionGraph& graph) {
  FeatureLabels labels;
  for (const auto& [id, text] : state.clerps) {
    const auto index = find_node(graph, id);
    if (!index || text.empty() || graph.kind(*index) != NodeKind::kFeature) continue;
    const Node node = graph.node(*index);
    labels[{node.layer, node.feature}] = {text, std::string(kLabelSource)};
  }
  std::erase_if(labels, [&](const auto& entry) {
    const auto& [layer, feature] = entry.first;
    return one_line(feature_label(graph, layer, feature)) == one_line(entry.second.text);
  });
  apply_labels(labels, graph);
}

}  // namespace circuit
