#include "tracer/cli/node_selection.h"

#include <algorithm>
#include <stdexcept>

#include "export/names/node_ids.h"
#include "export/text/output_text.h"

namespace circuit::cli {

std::vector<std::string> parse_node_selection(std::string_view list) {
  std::vector<std::string> ids;
  while (true) {
    const std::size_t comma = list.find(',');
    ids.emplace_back(list.substr(0, comma));
    if (!parse_node_id(ids.back())) {
      throw std::invalid_argument("--nodes: '" + one_line(ids.back()) +
                                  "', expected LAYER_FEATURE_POSITION such as 3_512_4");
    }
    if (comma == std::string_view::npos) return ids;
    list.remove_prefix(comma + 1);
  }
}

std::vector<std::uint8_t> selection_mask(const AttributionGraph& graph,
                                         const std::vector<std::string>& ids) {
  std::vector<std::uint8_t> mask(graph.n_nodes(), 1);
  std::fill_n(mask.begin(), graph.n_features(), std::uint8_t{0});
  for (const std::string& id : ids) {
    const std::vector<std::size_t> nodes = find_nodes(graph, parse_node_id(id).value());
    if (nodes.empty()) {
      throw std::runtime_error("[score] --nodes: the graph has no node " + id +
                               ", expected features among its " +
                               std::to_string(graph.n_features()));
    }
    for (const std::size_t node : nodes) mask[node] = 1;
  }
  return mask;
}

}  // namespace circuit::cli
