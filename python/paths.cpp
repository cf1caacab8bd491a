// The strongest paths from tokens to a node.
#include "graph/paths.h"

#include <optional>
#include <string>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "graph/attribution_graph.h"
#include "python/bindings.h"

namespace circuit::python {
namespace {

namespace py = pybind11;

PathOrder path_order(const std::string& name) {
  if (name == "share") return PathOrder::kShare;
  if (name == "weight") return PathOrder::kWeight;
  throw std::invalid_argument("[paths] by is '" + name + "', expected 'share' or 'weight'");
}

PathSign path_sign(const std::string& name) {
  if (name == "any") return PathSign::kAny;
  if (name == "positive") return PathSign::kPositive;
  if (name == "negative") return PathSign::kNegative;
  throw std::invalid_argument("[paths] sign is '" + name +
                              "', expected 'any', 'positive' or 'negative'");
}

std::vector<Path> paths(const AttributionGraph& graph, const PrunedGraph& pruned,
                        std::size_t target, std::size_t count, const std::string& by,
                        const std::string& sign, std::optional<std::size_t> from,
                        std::optional<std::size_t> through) {
  return strongest_paths(graph, pruned,
                         {.target_node = target,
                          .k = count,
                          .order = path_order(by),
                          .sign = path_sign(sign),
                          .from = from,
                          .through = through});
}

}  // namespace

void add_paths(py::module_& module) {
  py::class_<Path>(module, "Path", "One way from a token to a node.")
      .def_readonly("nodes", &Path::nodes, "Node indices, the token first.")
      .def_readonly("share", &Path::share, "Product of the shares of its edges, in (0, 1].")
      .def_readonly("weight", &Path::weight, "What of the target's value flows along it.")
      .def("__repr__", [](const Path& path) {
        return py::str("Path({}, share={:.4g}, weight={:.4g})")
            .format(py::cast(path.nodes), path.share, path.weight);
      });
  module.def("paths", &paths, py::arg("graph"), py::arg("pruned"), py::arg("target"),
             py::arg("count") = PathQuery{}.k, py::arg("by") = "share", py::arg("sign") = "any",
             py::arg("source") = py::none(), py::arg("through") = py::none(),
             py::call_guard<py::gil_scoped_release>(), "The strongest paths, strongest first.");
}

}  // namespace circuit::python
