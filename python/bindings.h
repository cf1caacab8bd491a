// What each source of the two modules adds to its module. `_graph` works on saved graphs and knows
// no LibTorch; `_model` loads it.
#pragma once

#include <pybind11/pybind11.h>

namespace circuit::python {

void add_graph(pybind11::module_& module);
void add_names(pybind11::module_& module);
void add_pruning(pybind11::module_& module);
void add_paths(pybind11::module_& module);
void add_files(pybind11::module_& module);

void add_prompts(pybind11::module_& module);
void add_tracer(pybind11::module_& module);
void add_explorer(pybind11::module_& module);
void add_interventions(pybind11::module_& module);

}  // namespace circuit::python
