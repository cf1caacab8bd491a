// Tracing prompts.
#include "tracer/tracer.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "python/bindings.h"
#include "python/interrupts.h"

namespace circuit::python {
namespace {

namespace py = pybind11;
using Released = py::call_guard<py::gil_scoped_release>;
using Mask = py::array_t<bool, py::array::c_style | py::array::forcecast>;

AttributionOptions attribution_options(const TargetOptions& targets, std::int64_t max_features,
                                       std::int64_t memory_bytes, bool similarity,
                                       std::optional<std::int64_t> zero_positions) {
  AttributionOptions options;
  options.targets = targets;
  options.max_features = max_features;
  options.memory_bytes = memory_bytes;
  options.similarity = similarity;
  options.zero_positions = zero_positions;
  return options;
}

py::tuple trace(const Tracer& tracer, const PromptInput& prompt, const AttributionOptions& options,
                const py::object& progress) {
  std::optional<Trace> trace;
  {
    const py::gil_scoped_release released;
    trace = tracer.trace(prompt, options, progress_to(progress));
  }
  return py::make_tuple(std::make_shared<AttributionGraph>(std::move(trace->graph)),
                        std::move(trace->seconds));
}

/// Graphs do not change under arrays that look at them: names go to a copy.
std::shared_ptr<AttributionGraph> with_labels(const Tracer& tracer, const AttributionGraph& graph,
                                              const Mask& mask) {
  if (mask.size() != static_cast<py::ssize_t>(graph.n_nodes())) {
    throw std::invalid_argument("[label] a mask of " + std::to_string(mask.size()) +
                                " nodes, the graph has " + std::to_string(graph.n_nodes()));
  }
  const std::vector<std::uint8_t> bytes(mask.data(), mask.data() + mask.size());
  const py::gil_scoped_release released;
  auto labelled = std::make_shared<AttributionGraph>(graph);
  tracer.label_features(*labelled, bytes);
  return labelled;
}

}  // namespace

void add_tracer(py::module_& module) {
  const AttributionOptions defaults;
  py::class_<TargetOptions>(module, "TargetOptions", "Which outputs are explained.")
      .def(py::init([](std::int64_t max_logits, double probability,
                       const std::vector<std::string>& named) {
             return TargetOptions{
                 .max_logits = max_logits, .logit_probability = probability, .named = named};
           }),
           py::arg("max_logits") = defaults.targets.max_logits,
           py::arg("logit_probability") = defaults.targets.logit_probability,
           py::arg("named") = defaults.targets.named);
  py::class_<AttributionOptions>(module, "AttributionOptions", "Settings of a trace.")
      .def(py::init(&attribution_options), py::arg("targets") = defaults.targets,
           py::arg("max_features") = defaults.max_features,
           py::arg("memory_bytes") = defaults.memory_bytes,
           py::arg("similarity") = defaults.similarity, py::arg("zero_positions") = py::none());
  py::class_<Verification>(module, "Verification",
                           "How exactly a graph agrees with the model, everything frozen.")
      .def_readonly("perturbed_sources", &Verification::perturbed_sources)
      .def_readonly("checked_edges", &Verification::checked_edges)
      .def_readonly("largest_error", &Verification::largest_error)
      .def_readonly("worst", &Verification::worst);
  py::class_<Tracer>(module, "Tracer", "A model with its transcoders.")
      .def(py::init<const LoadOptions&>(), py::arg("options"), Released())
      .def("trace", &trace, py::arg("prompt"), py::arg("options"), py::arg("progress"),
           "The unpruned graph, and seconds by stage.")
      .def("with_labels", &with_labels, py::arg("graph"), py::arg("mask"),
           "A copy of the graph whose masked features have names.")
      .def("verify", &Tracer::verify, py::arg("graph"), py::arg("samples"), py::arg("seed"),
           Released())
      .def("encode", &Tracer::encode, py::arg("prompt"))
      .def("token_text", &Tracer::token_text, py::arg("id"))
      .def_property_readonly("model_name", &Tracer::model_name);
}

}  // namespace circuit::python
