#include "tracer/cli/node_selection.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <string>

namespace circuit::cli {
namespace {

ActiveFeature parse_feature(std::string_view text) {
  std::array<std::int32_t, 3> numbers{};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const bool separated = i == 0 || (at != end && *at++ == '_');
    const auto [stop, error] = std::from_chars(at, end, numbers[i]);
    if (!separated || error != std::errc{} || numbers[i] < 0 || (i == 2 && stop != end)) {
      throw std::invalid_argument("--nodes: '" + std::string(text) +
                                  "', expected LAYER_FEATURE_POSITION such as 3_512_4");
    }
    at = stop;
  }
  return {.layer = numbers[0], .position = numbers[2], .feature = numbers[1]};
}

std::string node_id(const ActiveFeature& feature) {
  return std::to_string(feature.layer) + "_" + std::to_string(feature.feature) + "_" +
         std::to_string(feature.position);
}

}  // namespace

std::vector<ActiveFeature> parse_node_selection(std::string_view list) {
  std::vector<ActiveFeature> features;
  while (true) {
    const std::size_t comma = list.find(',');
    features.push_back(parse_feature(list.substr(0, comma)));
    if (comma == std::string_view::npos) return features;
    list.remove_prefix(comma + 1);
  }
}

std::vector<std::uint8_t> selection_mask(const AttributionGraph& graph,
                                         const std::vector<ActiveFeature>& features) {
  const GraphNodes& nodes = graph.nodes();
  std::vector<std::uint8_t> mask(graph.n_nodes(), 1);
  std::fill_n(mask.begin(), graph.n_features(), std::uint8_t{0});
  for (const ActiveFeature& feature : features) {
    const auto active = [&](std::int32_t index) {
      return nodes.active_features[static_cast<std::size_t>(index)];
    };
    const auto found = std::ranges::lower_bound(nodes.selected_features, feature, {}, active);
    if (found == nodes.selected_features.end() || active(*found) != feature) {
      throw std::runtime_error("[score] --nodes: the graph has no node " + node_id(feature) +
                               ", expected features among its " +
                               std::to_string(graph.n_features()));
    }
    mask[static_cast<std::size_t>(found - nodes.selected_features.begin())] = 1;
  }
  return mask;
}

}  // namespace circuit::cli
