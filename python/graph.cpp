// The graph itself: its arrays are views on the graph's own memory.
#include <memory>
#include <vector>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "graph/attribution_graph.h"
#include "python/arrays.h"
#include "python/bindings.h"

namespace circuit::python {
namespace {

using GraphClass = py::class_<AttributionGraph, std::shared_ptr<AttributionGraph>>;

/// `get(graph)` is a vector of the graph.
template <typename Get>
auto viewed(Get get) {
  return [get](const py::object& self) {
    return view_of(get(self.cast<const AttributionGraph&>()), self);
  };
}

py::array_t<NodeRow> node_table(const AttributionGraph& graph) {
  std::vector<NodeRow> rows(graph.n_nodes());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Node node = graph.node(i);
    rows[i] = {.kind = static_cast<std::int32_t>(node.kind),
               .layer = node.layer,
               .position = node.position,
               .feature = node.feature};
    if (node.kind == NodeKind::kFeature) rows[i].activation = graph.activation(i);
    if (node.kind == NodeKind::kTarget) rows[i].weight = graph.target(i).probability;
  }
  return array_of(std::move(rows));
}

void add_arrays(GraphClass& graph) {
  graph.def_property_readonly(
      "active_features", viewed([](const auto& g) -> auto& { return g.nodes().active_features; }),
      "Structured array (layer, position, feature) of all features that fired.");
  graph.def_property_readonly(
      "activations", viewed([](const auto& g) -> auto& { return g.nodes().activation_values; }),
      "Activation of each active feature.");
  graph.def_property_readonly("selected_features", viewed([](const auto& g) -> auto& {
                                return g.nodes().selected_features;
                              }),
                              "Indices of the nodes' features among the active ones.");
  graph.def_property_readonly("row_offsets",
                              viewed([](const auto& g) -> auto& { return g.edges().row_offsets; }),
                              "Where each row of edges begins.");
  graph.def_property_readonly("columns",
                              viewed([](const auto& g) -> auto& { return g.edges().columns; }),
                              "Source node of each edge.");
  graph.def_property_readonly("weights",
                              viewed([](const auto& g) -> auto& { return g.edges().weights; }),
                              "Direct effect of each edge.");
  graph.def_property_readonly(
      "row_dropped",
      [](const py::object& self) {
        const auto dropped = self.cast<const AttributionGraph&>().row_dropped();
        return view_of(dropped.data(), dropped.size(), self);
      },
      "Share of each row's absolute sum on features that the cap dropped.");
}

void add_facts(GraphClass& graph) {
  graph.def_property_readonly("n_layers", &AttributionGraph::n_layers);
  graph.def_property_readonly("n_features", &AttributionGraph::n_features);
  graph.def_property_readonly("n_nodes", &AttributionGraph::n_nodes);
  graph.def_property_readonly("first_error", &AttributionGraph::first_error);
  graph.def_property_readonly("first_token", &AttributionGraph::first_token);
  graph.def_property_readonly("first_target", &AttributionGraph::first_target);
  graph.def_property_readonly("is_compact", &AttributionGraph::is_compact);
  graph.def_property_readonly("closure_error", &AttributionGraph::closure_error);
  graph.def_property_readonly("input_ids",
                              [](const AttributionGraph& g) { return g.nodes().input_ids; });
  graph.def_property_readonly("tokens", [](const AttributionGraph& g) { return g.nodes().tokens; });
  graph.def_property_readonly("targets",
                              [](const AttributionGraph& g) { return g.nodes().targets; });
  graph.def_property_readonly("provenance",
                              [](const AttributionGraph& g) { return g.provenance(); });
  graph.def("node_table", &node_table, "A row a node: kind (a number), layer, position, …");
}

}  // namespace

void add_graph(py::module_& module) {
  PYBIND11_NUMPY_DTYPE(ActiveFeature, layer, position, feature);
  PYBIND11_NUMPY_DTYPE(NodeRow, kind, layer, position, feature, activation, weight);

  py::class_<Target>(module, "Target", "One output that the graph explains.")
      .def_property_readonly(
          "token_id", [](const Target& t) { return t.token_id; }, "-1 of a direction.")
      .def_property_readonly(
          "weight", [](const Target& t) { return t.probability; },
          "In influence: a token's probability.")
      .def_property_readonly("label", [](const Target& t) { return t.label; })
      .def("__repr__", [](const Target& t) {
        return py::str("Target({!r}, token_id={}, weight={:.4g})")
            .format(t.label, t.token_id, t.probability);
      });
  py::class_<FeatureLabel>(module, "FeatureLabel", "A feature's name, and who gave it.")
      .def_readonly("text", &FeatureLabel::text)
      .def_readonly("source", &FeatureLabel::source);
  py::class_<Provenance>(module, "Provenance", "Where a graph came from.")
      .def_readonly("prompt", &Provenance::prompt)
      .def_readonly("model_name", &Provenance::model_name)
      .def_readonly("model_hash", &Provenance::model_hash)
      .def_readonly("transcoders_name", &Provenance::transcoders_name)
      .def_readonly("transcoders_hash", &Provenance::transcoders_hash)
      .def_readonly("tool_version", &Provenance::tool_version)
      .def_readonly("settings", &Provenance::settings)
      .def_readonly("feature_labels", &Provenance::feature_labels);
  GraphClass graph(module, "AttributionGraph", "A checked graph; never changes.");
  add_arrays(graph);
  add_facts(graph);
}

}  // namespace circuit::python
