// circuit._model: what needs a model; importing it loads LibTorch.
#include <pybind11/pybind11.h>

#include "python/bindings.h"

PYBIND11_MODULE(_model, module) {
  module.doc() = "Tracing and interventions on a model. Use the package `circuit`.";
  pybind11::module_::import("circuit._graph");  // whose types it returns
  circuit::python::add_prompts(module);
  circuit::python::add_tracer(module);
  circuit::python::add_explorer(module);
  circuit::python::add_interventions(module);
}
