// What fires on a text, and what the model writes.
#include "tracer/explorer.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "python/arrays.h"
#include "python/bindings.h"

namespace circuit::python {
namespace {

using Released = py::call_guard<py::gil_scoped_release>;

py::dict active_features(const Explorer& explorer, const PromptInput& prompt, std::int64_t top,
                         const std::vector<std::int64_t>& layers, bool names,
                         std::optional<std::int64_t> zero_positions) {
  ActiveFeaturesReport report;
  {
    const py::gil_scoped_release released;
    report = explorer.active_features(
        prompt, {.top = top, .layers = layers, .names = names, .zero_positions = zero_positions});
  }
  py::dict found;
  found["ids"] = report.ids;
  found["tokens"] = report.tokens;
  found["layers"] = report.layers;
  found["counts"] = report.counts;
  found["features"] = array_of(std::move(report.features));
  found["names"] = report.names;
  return found;
}

GenerateOptions generate_options(std::int64_t max_tokens, const SamplingOptions& sampling,
                                 const std::vector<std::string>& stop,
                                 const Intervention& intervention) {
  return {.max_tokens = max_tokens,
          .sampling = sampling,
          .stop = stop,
          .intervention = intervention,
          .zero_positions = {}};
}

/// `write` is None or is given the text in pieces; Ctrl-C is looked for at each.
GenerationReport generate(const Explorer& explorer, const PromptInput& prompt,
                          const GenerateOptions& options, const py::object& write) {
  const py::gil_scoped_release released;
  return explorer.generate(prompt, options, [&write](const std::string& piece) {
    const py::gil_scoped_acquire lock;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (!write.is_none()) write(piece);
  });
}

void add_generation(py::module_& module) {
  const SamplingOptions defaults;
  py::class_<SamplingOptions>(module, "SamplingOptions", "How the next token is chosen.")
      .def(py::init([](double temperature, double top_p, std::uint64_t seed) {
             return SamplingOptions{.temperature = temperature, .top_p = top_p, .seed = seed};
           }),
           py::arg("temperature") = defaults.temperature, py::arg("top_p") = defaults.top_p,
           py::arg("seed") = defaults.seed);
  py::class_<GenerateOptions>(module, "GenerateOptions", "Settings of a generation.")
      .def(py::init(&generate_options), py::arg("max_tokens"), py::arg("sampling"), py::arg("stop"),
           py::arg("intervention"));
  py::class_<GenerationReport>(module, "Generation", "What a model wrote.")
      .def_readonly("prompt_ids", &GenerationReport::prompt_ids)
      .def_readonly("ids", &GenerationReport::ids)
      .def_readonly("tokens", &GenerationReport::tokens)
      .def_readonly("probabilities", &GenerationReport::probabilities)
      .def_readonly("text", &GenerationReport::text)
      .def_readonly("end", &GenerationReport::end)
      .def_readonly("warnings", &GenerationReport::warnings)
      .def_readonly("seconds", &GenerationReport::seconds)
      .def("__str__", [](const GenerationReport& report) { return report.text; });
}

}  // namespace

void add_explorer(py::module_& module) {
  PYBIND11_NUMPY_DTYPE(FiringFeature, layer, position, feature, activation);
  add_generation(module);
  py::class_<Explorer>(module, "Explorer", "A model with features that are read from it.")
      .def(py::init<const LoadOptions&>(), py::arg("options"), Released())
      .def("encode", &Explorer::encode, py::arg("prompt"))
      .def("token_text", &Explorer::token_text, py::arg("id"))
      .def("active_features", &active_features, py::arg("prompt"), py::arg("top"),
           py::arg("layers"), py::arg("names"), py::arg("zero_positions"))
      .def("generate", &generate, py::arg("prompt"), py::arg("options"), py::arg("write"));
}

}  // namespace circuit::python
