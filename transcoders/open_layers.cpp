#include "transcoders/open_layers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <span>
#include <stdexcept>
#include <utility>

#include <ATen/ATen.h>

#include "transcoders/tensor_view.h"
#include "transcoders/weights/printable_name.h"

namespace circuit {
namespace {

using Shape = std::vector<std::int64_t>;

[[noreturn]] void fail(const OpenedLayers& opened, const std::filesystem::path& path,
                       const std::string& what) {
  throw std::runtime_error("[" + opened.operation + "] " + path.string() + ": " + what);
}

std::vector<LayerFiles> open_files(std::span<const LayerLayout> layouts) {
  std::vector<LayerFiles> files;
  files.reserve(layouts.size());
  for (const LayerLayout& layout : layouts) {
    const WeightFile encoder =
        layout.tensors ? *layout.tensors : WeightFile::open(layout.encoder_file);
    const bool in_one_file = layout.decoder_file == layout.encoder_file;
    files.push_back({encoder, in_one_file ? encoder : WeightFile::open(layout.decoder_file)});
  }
  return files;
}

/// A tensor that we do not know is a weight that would be left out of the computation.
void check_no_unknown(const OpenedLayers& opened, const WeightFile& file,
                      const LayerLayout& layout) {
  const bool encoder_here = file.path() == layout.encoder_file;
  const bool decoder_here = file.path() == layout.decoder_file;
  std::set<std::string> known;
  if (decoder_here) {
    known.insert(layout.decoder);
    known.insert(layout.decoder_parts.begin(), layout.decoder_parts.end());
  }
  if (encoder_here) {
    known.insert({layout.encoder, layout.encoder_bias, layout.decoder_bias, layout.threshold,
                  layout.skip, layout.k});
  }
  known.erase("");
  for (const std::string& name : file.names()) {
    if (known.contains(name) || std::ranges::find(layout.unused, name) != layout.unused.end()) {
      continue;
    }
    std::string list;
    for (const std::string& expected : known) list += (list.empty() ? "" : ", ") + expected;
    fail(opened, file.path(),
         "tensor " + printable_name(name) + " is unknown, expected only " + list);
  }
}

Shape transposed_if(bool transposed, std::int64_t rows, std::int64_t columns) {
  return transposed ? Shape{columns, rows} : Shape{rows, columns};
}

Shape decoder_shape(const LayerLayout& layout, std::int64_t n_features, std::int64_t d_model) {
  if (!layout.n_written) {
    return transposed_if(layout.decoder_transposed, n_features, d_model);
  }
  return {n_features, layout.first_written + *layout.n_written, d_model};
}

/// Shapes and types of one layer against the sizes of layer 0, from the headers alone.
void check_layer(const OpenedLayers& opened, std::size_t layer) {
  const LayerLayout& layout = opened.layouts[layer];
  const LayerFiles& files = opened.files[layer];
  const std::int64_t d_model = opened.d_model;
  const std::int64_t n_features = opened.n_features;
  const WeightFile& encoder = files.encoder;
  check_no_unknown(opened, encoder, layout);
  check_no_unknown(opened, files.decoder, layout);
  const auto check = [&opened](const WeightFile& file, const std::string& name,
                               const Shape& shape) {
    check_tensor(opened.operation, file, name, shape);
  };
  check(encoder, layout.encoder, transposed_if(layout.encoder_transposed, n_features, d_model));
  check(encoder, layout.encoder_bias, {n_features});
  check(encoder, layout.decoder_bias, {d_model});
  for (const std::string& part : layout.decoder_parts) {
    check(files.decoder, part, {n_features, d_model});
  }
  if (layout.decoder_parts.empty()) {
    check(files.decoder, layout.decoder, decoder_shape(layout, n_features, d_model));
  }
  if (encoder.contains(layout.skip)) check(encoder, layout.skip, {d_model, d_model});
  if (encoder.contains(layout.threshold)) {
    const Shape& found = encoder.view(layout.threshold).shape;
    const bool is_one_number = found.empty() || found == Shape{1};
    check(encoder, layout.threshold, is_one_number ? found : Shape{n_features});
  }
}

void read_sizes(OpenedLayers& opened) {
  const WeightFile& file = opened.files.front().encoder;
  const LayerLayout& layout = opened.layouts.front();
  check_tensor(opened.operation, file, layout.encoder, std::array<std::int64_t, 2>{-1, -1});
  const TensorView& view = file.view(layout.encoder);
  if (view.elements() == 0) {
    fail(opened, file.path(),
         "tensor " + layout.encoder + " is " + to_string(view.shape) + ", expected no size 0");
  }
  opened.n_features = view.shape[layout.encoder_transposed ? 1 : 0];
  opened.d_model = view.shape[layout.encoder_transposed ? 0 : 1];
  opened.stored = view.dtype;
}

/// Whether every layer has the optional tensor; that some have it and some not is an error.
bool is_in_all_layers(const OpenedLayers& opened, std::string LayerLayout::*name) {
  const auto has = [&](std::size_t layer) {
    return opened.files[layer].encoder.contains(opened.layouts[layer].*name);
  };
  for (std::size_t layer = 1; layer < opened.layouts.size(); ++layer) {
    if (has(layer) == has(0)) continue;
    const std::size_t without = has(0) ? layer : 0;
    const std::size_t with = has(0) ? 0 : layer;
    fail(opened, opened.files[without].encoder.path(),
         "no tensor " + opened.layouts[without].*name + ", but " +
             opened.files[with].encoder.path().filename().string() + " has " +
             opened.layouts[with].*name);
  }
  return has(0);
}

std::int64_t read_k(const OpenedLayers& opened, std::size_t layer) {
  const WeightFile& file = opened.files[layer].encoder;
  const std::string& name = opened.layouts[layer].k;
  const TensorView& view = file.view(name);
  if (view.elements() != 1) {
    fail(opened, file.path(),
         "tensor " + name + " is " + to_string(view.shape) + ", expected one number");
  }
  const auto value = map_tensor(file, name).item().toDouble();
  if (!(value >= 1 && value <= 1e9) || value != std::floor(value)) {
    fail(opened, file.path(),
         "tensor " + name + " holds " + std::to_string(value) + ", expected a whole number > 0");
  }
  return static_cast<std::int64_t>(value);
}

/// Nothing when the files hold no k.
std::optional<std::int64_t> k_of_tensors(const OpenedLayers& opened) {
  if (!is_in_all_layers(opened, &LayerLayout::k)) return std::nullopt;
  const std::int64_t k = read_k(opened, 0);
  for (std::size_t layer = 1; layer < opened.layouts.size(); ++layer) {
    const std::int64_t found = read_k(opened, layer);
    if (found == k) continue;
    fail(opened, opened.files[layer].encoder.path(),
         "tensor k is " + std::to_string(found) + ", layer 0 has " + std::to_string(k) +
             "; expected one k for all layers");
  }
  return k;
}

bool needs_k(ActivationKind kind) {
  return kind == ActivationKind::kTopK || kind == ActivationKind::kGroupMax;
}

void check_k(const OpenedLayers& opened, const ActivationChoice& choice, ActivationKind kind,
             std::int64_t k) {
  const std::string says = "k is " + std::to_string(k) + ", expected ";
  const std::string count = "the number of features, " + std::to_string(opened.n_features);
  if (k > opened.n_features) fail(opened, choice.said_in, says + "at most " + count);
  if (kind == ActivationKind::kGroupMax && opened.n_features % k != 0) {
    fail(opened, choice.said_in, says + "a divisor of " + count);
  }
}

/// The description decides, else the tensors; neither may contradict the other.
Activation resolve_activation(const OpenedLayers& opened, const ActivationChoice& choice) {
  const std::string& threshold = opened.layouts.front().threshold;
  const bool has_threshold = is_in_all_layers(opened, &LayerLayout::threshold);
  const std::optional<std::int64_t> tensor_k = k_of_tensors(opened);
  const std::optional<std::int64_t> k = choice.k ? choice.k : tensor_k;
  const ActivationKind by_tensors = k               ? ActivationKind::kTopK
                                    : has_threshold ? ActivationKind::kJumpRelu
                                                    : ActivationKind::kRelu;
  const ActivationKind kind = choice.kind.value_or(by_tensors);
  const auto refuse = [&](const std::string& what) {
    fail(opened, choice.said_in, "activation is " + std::string(name_of(kind)) + what);
  };
  if (has_threshold && kind != ActivationKind::kJumpRelu) {
    refuse(", but the files hold a tensor " + threshold);
  }
  if (!has_threshold && kind == ActivationKind::kJumpRelu) {
    refuse(", but the files hold no tensor " + threshold);
  }
  if (k && !needs_k(kind)) refuse(", but the files hold a tensor k");
  if (!k && needs_k(kind)) refuse(", but there is no k");
  if (choice.k && tensor_k && *choice.k != *tensor_k) {
    fail(opened, choice.said_in,
         "k is " + std::to_string(*choice.k) + ", but tensor k in the files is " +
             std::to_string(*tensor_k));
  }
  if (k) check_k(opened, choice, kind, *k);
  return {.kind = kind, .k = k.value_or(0), .topk_relu = choice.topk_relu, .threshold = {}};
}

}  // namespace

OpenedLayers open_layers(const std::string& operation, std::vector<LayerLayout> layouts,
                         const ActivationChoice& choice) {
  OpenedLayers opened;
  opened.operation = operation;
  opened.layouts = std::move(layouts);
  opened.files = open_files(opened.layouts);
  read_sizes(opened);
  for (std::size_t layer = 0; layer < opened.layouts.size(); ++layer) check_layer(opened, layer);
  opened.has_skip = is_in_all_layers(opened, &LayerLayout::skip);
  opened.activation = resolve_activation(opened, choice);
  opened.threshold_is_log = choice.threshold_is_log;
  opened.threshold_relu = choice.threshold_relu;
  return opened;
}

std::string activation_text(const Activation& activation) {
  std::string text(name_of(activation.kind));
  if (needs_k(activation.kind)) text += " " + std::to_string(activation.k);
  return activation.topk_relu ? text + " of positive values" : text;
}

std::vector<std::filesystem::path> weight_files(const std::vector<LayerLayout>& layouts) {
  std::vector<std::filesystem::path> files;
  const auto add = [&files](const std::filesystem::path& file) {
    if (std::ranges::find(files, file) == files.end()) files.push_back(file);
  };
  for (const LayerLayout& layout : layouts) {
    add(layout.encoder_file);
    add(layout.decoder_file);
  }
  return files;
}

}  // namespace circuit
