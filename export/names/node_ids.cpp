#include "export/names/node_ids.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "export/names/node_names.h"

namespace circuit {
namespace {

/// A number that fills `text`; -1 is the only negative one.
template <typename Number>
std::optional<Number> parse_number(std::string_view text, Number least = 0) {
  Number value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || value < least) return std::nullopt;
  return value;
}

void find_features(const AttributionGraph& graph, const NodeId& id,
                   std::vector<std::size_t>& found) {
  if (id.number > std::numeric_limits<std::int32_t>::max()) return;
  const GraphNodes& nodes = graph.nodes();
  const auto active = [&](std::int32_t index) {
    return nodes.active_features[static_cast<std::size_t>(index)];
  };
  const auto feature = static_cast<std::int32_t>(id.number);
  const auto add_at = [&](std::int32_t position) {
    const ActiveFeature wanted{.layer = *id.layer, .position = position, .feature = feature};
    const auto at = std::ranges::lower_bound(nodes.selected_features, wanted, {}, active);
    if (at == nodes.selected_features.end() || active(*at) != wanted) return;
    found.push_back(static_cast<std::size_t>(at - nodes.selected_features.begin()));
  };
  if (id.position) {
    add_at(*id.position);
    return;
  }
  for (std::size_t p = 0; p < graph.n_positions(); ++p) add_at(static_cast<std::int32_t>(p));
}

void find_targets(const AttributionGraph& graph, const NodeId& id,
                  std::vector<std::size_t>& found) {
  for (std::size_t target = 0; target < graph.n_targets(); ++target) {
    const std::size_t node = graph.first_target() + target;
    const bool at = !id.position || *id.position == graph.node(node).position;
    if (at && target_id(graph, target) == id.number) found.push_back(node);
  }
}

}  // namespace

std::optional<NodeId> parse_node_id(std::string_view text) {
  const std::size_t first = text.find('_');
  const std::size_t last = text.rfind('_');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  const std::string_view layer = text.substr(0, first), position = text.substr(last + 1);
  NodeId id;
  if (layer != "E") {
    id.layer = parse_number<std::int32_t>(layer);
    if (!id.layer) return std::nullopt;
  }
  const auto number = parse_number<std::int64_t>(text.substr(first + 1, last - first - 1), -1);
  if (!number) return std::nullopt;
  id.number = *number;
  if (position != "*") {
    id.position = parse_number<std::int32_t>(position);
    if (!id.position) return std::nullopt;
  }
  return id;
}

std::vector<std::size_t> find_nodes(const AttributionGraph& graph, const NodeId& id) {
  std::vector<std::size_t> found;
  const auto wanted = [&](std::size_t position) {
    return !id.position || static_cast<std::size_t>(*id.position) == position;
  };
  const auto layer = static_cast<std::size_t>(id.layer.value_or(0));
  if (!id.layer) {
    for (std::size_t p = 0; p < graph.n_positions(); ++p) {
      const bool same = graph.nodes().input_ids[p] == id.number;
      if (same && wanted(p)) found.push_back(graph.first_token() + p);
    }
  } else if (layer == graph.n_layers() + 1) {
    find_targets(graph, id, found);
  } else if (layer < graph.n_layers() && id.number < 0) {
    for (std::size_t p = 0; p < graph.n_positions(); ++p) {
      if (wanted(p)) found.push_back(graph.error_node(layer, p));
    }
  } else if (layer < graph.n_layers()) {
    find_features(graph, id, found);
  }
  return found;
}

}  // namespace circuit
