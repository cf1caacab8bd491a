// Pruning, influence and scores.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "graph/attribution_graph.h"
#include "graph/influence.h"
#include "graph/prune.h"
#include "graph/scores.h"
#include "python/arrays.h"
#include "python/bindings.h"

namespace circuit::python {
namespace {

using Released = py::call_guard<py::gil_scoped_release>;

EdgeRule edge_rule(const std::string& name) {
  if (name == "whole-graph") return EdgeRule::kWholeGraph;
  if (name == "per-target") return EdgeRule::kPerTarget;
  throw std::invalid_argument("[prune] edge_rule is '" + name +
                              "', expected 'whole-graph' or 'per-target'");
}

std::shared_ptr<PrunedGraph> prune_graph(const AttributionGraph& graph, double node_threshold,
                                         double edge_threshold, bool keep_errors,
                                         std::size_t max_nodes, const std::string& rule) {
  return std::make_shared<PrunedGraph>(prune(graph, {.node_threshold = node_threshold,
                                                     .edge_threshold = edge_threshold,
                                                     .keep_errors = keep_errors,
                                                     .max_nodes = max_nodes,
                                                     .edge_rule = edge_rule(rule)}));
}

std::shared_ptr<PrunedGraph> keep_all(const AttributionGraph& graph) {
  return std::make_shared<PrunedGraph>(
      PrunedGraph{.node_mask = std::vector<std::uint8_t>(graph.n_nodes(), 1),
                  .edge_mask = std::vector<std::uint8_t>(graph.edges().edges(), 1),
                  .node_cumulative_influence = cumulative_influence(compute_influence(graph)),
                  .options = {.node_threshold = 1.0, .edge_threshold = 1.0}});
}

Scores scores_of_nodes(const AttributionGraph& graph, const py::array_t<bool>& mask) {
  const auto values = mask.unchecked<1>();
  std::vector<std::uint8_t> bytes;
  for (py::ssize_t i = 0; i < values.shape(0); ++i) bytes.push_back(values(i) ? 1 : 0);
  return compute_scores(graph, bytes);
}

void add_pruned(py::module_& module) {
  using Pruned = py::class_<PrunedGraph, std::shared_ptr<PrunedGraph>>;
  Pruned(module, "PrunedGraph", "What pruning decided, beside its graph.")
      .def_property_readonly("node_mask",
                             [](const py::object& self) {
                               return mask_view_of(self.cast<const PrunedGraph&>().node_mask, self);
                             })
      .def_property_readonly("edge_mask",
                             [](const py::object& self) {
                               return mask_view_of(self.cast<const PrunedGraph&>().edge_mask, self);
                             })
      .def_property_readonly("cumulative_influence",
                             [](const py::object& self) {
                               return view_of(
                                   self.cast<const PrunedGraph&>().node_cumulative_influence, self);
                             })
      .def_property_readonly("kept_nodes", &PrunedGraph::kept_nodes)
      .def_property_readonly("kept_edges", &PrunedGraph::kept_edges)
      .def_property_readonly("node_threshold",
                             [](const PrunedGraph& p) { return p.options.node_threshold; })
      .def_property_readonly("edge_threshold",
                             [](const PrunedGraph& p) { return p.options.edge_threshold; });
}

}  // namespace

void add_pruning(py::module_& module) {
  const PruneOptions defaults;
  py::class_<Scores>(module, "Scores", "How much of a graph is explained; None where undefined.")
      .def(py::init<>())
      .def_readonly("replacement", &Scores::replacement)
      .def_readonly("completeness", &Scores::completeness);
  add_pruned(module);
  module.def("keep_all", &keep_all, py::arg("graph"), Released(), "The pruning that cuts nothing.");
  module.def("prune", &prune_graph, py::arg("graph"),
             py::arg("node_threshold") = defaults.node_threshold,
             py::arg("edge_threshold") = defaults.edge_threshold,
             py::arg("keep_errors") = defaults.keep_errors,
             py::arg("max_nodes") = defaults.max_nodes, py::arg("edge_rule") = "whole-graph",
             Released(), "Keeps what carries most of the influence.");
  module.def(
      "compact",
      [](const AttributionGraph& graph, const PrunedGraph& pruned) {
        auto kept = std::make_shared<AttributionGraph>(compact(graph, pruned));
        kept->mark_compact();
        return kept;
      },
      py::arg("graph"), py::arg("pruned"), Released(), "The graph of kept nodes and edges alone.");
  module.def(
      "influence",
      [](const AttributionGraph& graph) {
        std::vector<double> influence;
        {
          const py::gil_scoped_release released;
          influence = compute_influence(graph);
        }
        return array_of(std::move(influence));
      },
      py::arg("graph"), "Influence of every node.");
  module.def("scores", py::overload_cast<const AttributionGraph&>(&compute_scores),
             py::arg("graph"), Released(), "Scores of the whole graph.");
  module.def("scores_of_nodes", &scores_of_nodes, py::arg("graph"), py::arg("mask"),
             "Scores of the subgraph of masked nodes.");
}

}  // namespace circuit::python
