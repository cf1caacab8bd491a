#include "export/names/group_names.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>

#include "export/names/node_names.h"
#include "export/text/output_text.h"

namespace circuit {
namespace {

constexpr std::string_view kSeparator = " · ";
constexpr std::size_t kMostParts = 3;

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return std::string(text);
  return std::string(text.substr(first, text.find_last_not_of(' ') + 1 - first));
}

/// The label's parts, each once.
std::set<std::string> parts_of(std::string_view label) {
  std::set<std::string> parts;
  while (!label.empty()) {
    const std::size_t end = label.find(kSeparator);
    if (std::string part = trimmed(label.substr(0, end)); !part.empty()) {
      parts.insert(std::move(part));
    }
    if (end == std::string_view::npos) break;
    label.remove_prefix(end + kSeparator.size());
  }
  return parts;
}

std::string label_of(const AttributionGraph& graph, std::size_t node) {
  const Node feature = graph.node(node);
  return feature_label(graph, feature.layer, feature.feature);
}

struct Part {
  std::size_t members = 0;
  double influence = 0;
};

/// Parts that at least half of the members have, the most common first.
std::string common_parts(const AttributionGraph& graph, const std::vector<std::size_t>& group,
                         std::span<const double> influence) {
  std::map<std::string, Part> parts;
  for (const std::size_t node : group) {
    for (const std::string& text : parts_of(label_of(graph, node))) {
      ++parts[text].members;
      parts[text].influence += influence[node];
    }
  }
  std::vector<std::pair<std::string, Part>> common;
  for (const auto& part : parts) {
    const bool shared = 2 * part.second.members >= group.size();
    if (shared && (part.second.members > 1 || group.size() == 1)) common.push_back(part);
  }
  std::ranges::sort(common, {}, [](const auto& part) {
    const auto& [text, counts] = part;
    return std::tuple(-static_cast<double>(counts.members), -counts.influence, text);
  });
  std::string name;
  for (std::size_t i = 0; i < std::min(common.size(), kMostParts); ++i) {
    name += (i > 0 ? std::string(kSeparator) : "") + common[i].first;
  }
  return name;
}

std::string name_by_labels(const AttributionGraph& graph, const std::vector<std::size_t>& group,
                           std::span<const double> influence) {
  if (std::string name = common_parts(graph, group, influence); !name.empty()) return name;
  const std::size_t strongest =
      *std::ranges::max_element(group, {}, [&](std::size_t node) { return influence[node]; });
  if (std::string label = trimmed(label_of(graph, strongest)); !label.empty()) return label;
  const Node node = graph.node(strongest);
  return "L" + std::to_string(node.layer) + "/" + std::to_string(node.feature);
}

/// `L3`, `at 4 " petit"`, `L3 at 4 " petit"`, or nothing.
std::string place_of(const AttributionGraph& graph, const Node& node,
                     const GroupingOptions& options) {
  std::string place = options.by_layer ? "L" + std::to_string(node.layer) : "";
  if (options.by_position) {
    const std::string& token = graph.nodes().tokens[static_cast<std::size_t>(node.position)];
    place += (place.empty() ? "at " : " at ") + std::to_string(node.position) + " \"" +
             one_line(token) + "\"";
  }
  return place;
}

}  // namespace

std::vector<Supernode> name_groups(const AttributionGraph& graph,
                                   std::span<const std::vector<std::size_t>> groups,
                                   const GroupingOptions& options,
                                   std::span<const double> influence) {
  const bool by_content = options.by_feature || options.by_similarity || options.by_neighbours;
  std::vector<Supernode> supernodes;
  for (const std::vector<std::size_t>& group : groups) {
    std::string name = place_of(graph, graph.node(group.front()), options);
    if (by_content || name.empty()) {
      name += (name.empty() ? "" : ": ") + name_by_labels(graph, group, influence);
    }
    supernodes.push_back({.name = one_line(name), .nodes = group});
  }
  make_unique(supernodes);
  return supernodes;
}

void make_unique(std::span<Supernode> supernodes) {
  std::set<std::string> taken;
  for (const Supernode& supernode : supernodes) taken.insert(supernode.name);
  std::set<std::string> seen;
  for (Supernode& supernode : supernodes) {
    if (seen.insert(supernode.name).second) continue;
    std::size_t number = 2;
    const auto numbered = [&] { return supernode.name + " (" + std::to_string(number) + ")"; };
    while (taken.contains(numbered())) ++number;
    supernode.name = numbered();
    taken.insert(supernode.name);
    seen.insert(supernode.name);
  }
}

}  // namespace circuit
