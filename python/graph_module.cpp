// circuit._graph: saved graphs, without a model and without LibTorch.
#include <pybind11/pybind11.h>

#include "python/bindings.h"

PYBIND11_MODULE(_graph, module) {
  module.doc() = "Attribution graphs: nodes, edges, pruning, files. Use the package `circuit`.";
  module.attr("version") = CIRCUIT_VERSION;
  module.attr("libtorch_folder") = CIRCUIT_TORCH_FOLDER;
  circuit::python::add_graph(module);
  circuit::python::add_names(module);
  circuit::python::add_pruning(module);
  circuit::python::add_paths(module);
  circuit::python::add_files(module);
}
