// Interventions: what is asked for, and what the model made of it.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "python/arrays.h"
#include "python/bindings.h"
#include "tracer/explorer.h"

namespace circuit::python {
namespace {

using Floats = py::array_t<float, py::array::c_style | py::array::forcecast>;
using Layers = std::optional<std::pair<std::int64_t, std::int64_t>>;

Freeze freeze(const std::string& name) {
  if (name == "attention") return Freeze::kAttention;
  if (name == "all") return Freeze::kAll;
  if (name == "none") return Freeze::kNone;
  throw std::invalid_argument("[intervene] freeze is '" + name +
                              "', expected 'attention', 'all' or 'none'");
}

SwapKind swap_kind(const std::string& name) {
  if (name == "features") return SwapKind::kFeatures;
  if (name == "mlp-outputs") return SwapKind::kMlpOutputs;
  if (name == "embedding") return SwapKind::kEmbedding;
  throw std::invalid_argument("[intervene] what is swapped is '" + name +
                              "', expected 'features', 'mlp-outputs' or 'embedding'");
}

std::optional<LayerRange> layer_range(const Layers& layers) {
  if (!layers) return {};
  return LayerRange{.first = layers->first, .last = layers->second};
}

Steering steering(std::int64_t layer, const Floats& vector, double alpha,
                  const std::string& positions) {
  if (vector.ndim() != 1) {
    throw std::invalid_argument("[intervene] a steering vector has " +
                                std::to_string(vector.ndim()) + " dimensions, expected 1");
  }
  const std::string text = "steer at layer " + std::to_string(layer) + ", " + positions;
  return {.layer = layer,
          .positions = parse_positions(text, positions),
          .vector = std::vector<float>(vector.data(), vector.data() + vector.size()),
          .alpha = alpha,
          .text = text};
}

Intervention intervention(const std::vector<std::string>& edits,
                          const std::vector<Steering>& steered,
                          const std::vector<PositionSwap>& swaps, const std::string& frozen,
                          const Layers& constrained) {
  Intervention made{.edits = {},
                    .steering = steered,
                    .swaps = swaps,
                    .freeze = freeze(frozen),
                    .constrained = layer_range(constrained)};
  for (const std::string& edit : edits) made.edits.push_back(parse_feature_edit(edit));
  return made;
}

/// The logits of each outcome are its own memory; [n_positions, vocabulary] or [vocabulary].
py::list outcomes(const Explorer& explorer, const PromptInput& prompt,
                  const std::vector<Intervention>& interventions, bool all_positions,
                  bool activations, std::optional<std::int64_t> zero_positions) {
  std::vector<Outcome> found;
  {
    const py::gil_scoped_release released;
    found = explorer.outcomes(prompt, interventions,
                              {.all_positions = all_positions,
                               .activations = activations,
                               .zero_positions = zero_positions});
  }
  py::list list;
  for (Outcome& outcome : found) {
    std::vector<py::ssize_t> shape{outcome.vocabulary_size};
    if (all_positions) {
      const auto size = static_cast<py::ssize_t>(outcome.logits.size());
      shape.insert(shape.begin(), size / outcome.vocabulary_size);
    }
    list.append(py::make_tuple(array_of(std::move(outcome.logits), shape),
                               array_of(std::move(outcome.activations)),
                               std::move(outcome.warnings)));
  }
  return list;
}

double written_norm(
    const Explorer& explorer,
    const std::vector<std::tuple<std::int64_t, std::int64_t, std::int64_t, double>>& changes) {
  std::vector<FeatureChange> made;
  for (const auto& [layer, position, feature, amount] : changes) {
    made.push_back({.layer = layer, .position = position, .feature = feature, .amount = amount});
  }
  const py::gil_scoped_release released;
  return explorer.written_norm(made);
}

}  // namespace

void add_interventions(py::module_& module) {
  py::class_<Steering>(module, "Steering", "A vector that is added to the residual stream.")
      .def(py::init(&steering), py::arg("layer"), py::arg("vector"), py::arg("alpha"),
           py::arg("positions"));
  py::class_<PositionSwap>(module, "Swap", "Values that are taken over from another prompt.")
      .def(py::init([](const std::string& kind, const PromptInput& from,
                       std::vector<std::pair<std::int64_t, std::int64_t>> map,
                       const Layers& layers) {
             return PositionSwap{.kind = swap_kind(kind),
                                 .from = from,
                                 .map = std::move(map),
                                 .layers = layer_range(layers)};
           }),
           py::arg("kind"), py::arg("source"), py::arg("map"), py::arg("layers"));
  py::class_<Intervention>(module, "Intervention", "What is changed while a prompt is read.")
      .def(py::init(&intervention), py::arg("edits"), py::arg("steer"), py::arg("swaps"),
           py::arg("freeze"), py::arg("constrained"));
  module.def("outcomes", &outcomes, py::arg("explorer"), py::arg("prompt"),
             py::arg("interventions"), py::arg("all_positions"), py::arg("activations"),
             py::arg("zero_positions"), "(logits, activations, warnings) of each intervention.");
  module.def("written_norm", &written_norm, py::arg("explorer"), py::arg("changes"));
}

}  // namespace circuit::python
