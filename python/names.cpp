// Nodes by the ids of viewer files.
#include <cstdint>
#include <string>
#include <vector>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "export/names/node_ids.h"
#include "export/names/node_names.h"
#include "graph/attribution_graph.h"
#include "python/bindings.h"

namespace circuit::python {
namespace {

namespace py = pybind11;

std::size_t require_node(const AttributionGraph& graph, std::int64_t node) {
  const auto index = static_cast<std::size_t>(node);
  if (node >= 0 && index < graph.n_nodes()) return index;
  throw py::index_error("[node] " + std::to_string(node) + ", the graph has " +
                        std::to_string(graph.n_nodes()));
}

std::vector<std::size_t> find(const AttributionGraph& graph, const std::string& text) {
  const std::optional<NodeId> id = parse_node_id(text);
  if (!id) {
    throw std::invalid_argument("[find] '" + text +
                                "' is no node id, expected LAYER_FEATURE_POSITION such as "
                                "4_436_5, LAYER_-1_POSITION, E_TOKENID_POSITION; * = any position");
  }
  return find_nodes(graph, *id);
}

}  // namespace

void add_names(py::module_& module) {
  module.def("find", &find, py::arg("graph"), py::arg("id"), "The nodes that an id names.");
  module.def(
      "node_id",
      [](const AttributionGraph& graph, std::int64_t node) {
        return name_node(graph, require_node(graph, node)).node_id;
      },
      py::arg("graph"), py::arg("node"), "The id of a node in viewer files.");
  module.def(
      "describe",
      [](const AttributionGraph& graph, std::int64_t node) {
        return describe_node(graph, require_node(graph, node));
      },
      py::arg("graph"), py::arg("node"), "A node in one line for people.");
}

}  // namespace circuit::python
