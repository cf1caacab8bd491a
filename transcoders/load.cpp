// Opens transcoder directories: config.yaml says the kind, the kind says where tensors lie, and
// everything is checked here before anything is computed.
#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include <ATen/ATen.h>

#include "transcoders/config.h"
#include "transcoders/cross_layer.h"
#include "transcoders/mapped_transcoders.h"
#include "transcoders/per_layer.h"
#include "transcoders/tensor_view.h"
#include "transcoders/transcoder_set.h"
#include "transcoders/weights/printable_name.h"

namespace circuit {
namespace {

constexpr std::string_view kOperation = "load_transcoders";

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) {
  throw std::runtime_error("[load_transcoders] " + path.string() + ": " + what);
}

struct OpenedDirectory {
  TranscoderConfig config;
  TranscoderInfo info;
  std::vector<LayerLayout> layouts;
  std::vector<LayerFiles> files;
  Activation activation;  // without thresholds, which differ from layer to layer

  std::size_t n_layers() const { return layouts.size(); }
};

std::vector<LayerFiles> open_files(std::span<const LayerLayout> layouts) {
  std::vector<LayerFiles> files;
  files.reserve(layouts.size());
  for (const LayerLayout& layout : layouts) {
    const SafetensorsFile encoder = SafetensorsFile::open(layout.encoder_file);
    const bool in_one_file = layout.decoder_file == layout.encoder_file;
    files.push_back({encoder, in_one_file ? encoder : SafetensorsFile::open(layout.decoder_file)});
  }
  return files;
}

/// A tensor that we do not know is a weight that would be left out of the computation.
void check_no_unknown(const SafetensorsFile& file, const LayerLayout& layout) {
  const bool encoder_here = file.path() == layout.encoder_file;
  const bool decoder_here = file.path() == layout.decoder_file;
  std::set<std::string> known;
  if (decoder_here) known.insert(layout.decoder);
  if (encoder_here) {
    known.insert(
        {layout.encoder, layout.encoder_bias, layout.decoder_bias, layout.threshold, layout.skip});
    if (!layout.k.empty()) known.insert(layout.k);
  }
  for (const std::string& name : file.names()) {
    if (known.contains(name)) continue;
    std::string list;
    for (const std::string& expected : known) list += (list.empty() ? "" : ", ") + expected;
    fail(file.path(), "tensor " + printable_name(name) + " is unknown, expected only " + list);
  }
}

/// Shapes and types of one layer against the sizes of layer 0, from the headers alone.
void check_layer(const LayerLayout& layout, const LayerFiles& files, const TranscoderInfo& info) {
  using Shape = std::vector<std::int64_t>;
  const std::int64_t d_model = info.d_model;
  const std::int64_t n_features = info.n_features;
  const SafetensorsFile& encoder = files.encoder;
  check_no_unknown(encoder, layout);
  check_no_unknown(files.decoder, layout);
  check_tensor(kOperation, encoder, layout.encoder, Shape{n_features, d_model});
  check_tensor(kOperation, encoder, layout.encoder_bias, Shape{n_features});
  check_tensor(kOperation, encoder, layout.decoder_bias, Shape{d_model});
  const Shape decoder =
      layout.n_written ? Shape{n_features, *layout.n_written, d_model} : Shape{n_features, d_model};
  check_tensor(kOperation, files.decoder, layout.decoder, decoder);
  if (encoder.contains(layout.skip)) {
    check_tensor(kOperation, encoder, layout.skip, Shape{d_model, d_model});
  }
  if (encoder.contains(layout.threshold)) {
    const Shape& found = encoder.view(layout.threshold).shape;
    const bool is_one_number = found.empty() || found == Shape{1};
    check_tensor(kOperation, encoder, layout.threshold, is_one_number ? found : Shape{n_features});
  }
}

void read_sizes(OpenedDirectory& opened) {
  const SafetensorsFile& file = opened.files.front().encoder;
  const std::string& name = opened.layouts.front().encoder;
  check_tensor(kOperation, file, name, std::array<std::int64_t, 2>{-1, -1});
  const std::vector<std::int64_t>& shape = file.view(name).shape;
  if (file.view(name).elements() == 0) {
    fail(file.path(), "tensor " + name + " is " + to_string(shape) + ", expected no size 0");
  }
  opened.info.n_layers = static_cast<std::int64_t>(opened.n_layers());
  opened.info.n_features = shape[0];
  opened.info.d_model = shape[1];
}

/// Whether every layer has the optional tensor; that some have it and some not is an error.
bool is_in_all_layers(const OpenedDirectory& opened, std::string LayerLayout::*name) {
  const auto has = [&](std::size_t layer) {
    return opened.files[layer].encoder.contains(opened.layouts[layer].*name);
  };
  for (std::size_t layer = 1; layer < opened.n_layers(); ++layer) {
    if (has(layer) == has(0)) continue;
    const std::size_t without = has(0) ? layer : 0;
    const std::size_t with = has(0) ? 0 : layer;
    fail(opened.files[without].encoder.path(),
         "no tensor " + opened.layouts[without].*name + ", but " +
             opened.files[with].encoder.path().filename().string() + " has " +
             opened.layouts[with].*name);
  }
  return has(0);
}

std::int64_t read_k(const SafetensorsFile& file, const std::string& name) {
  const TensorView& view = file.view(name);
  if (view.elements() != 1) {
    fail(file.path(), "tensor " + name + " is " + to_string(view.shape) + ", expected one number");
  }
  const auto value = map_tensor(file, name).item().toDouble();
  if (!(value >= 1 && value <= 1e9) || value != std::floor(value)) {
    fail(file.path(),
         "tensor " + name + " holds " + std::to_string(value) + ", expected a whole number > 0");
  }
  return static_cast<std::int64_t>(value);
}

/// Nothing when the files hold no k.
std::optional<std::int64_t> k_of_tensors(const OpenedDirectory& opened) {
  if (!is_in_all_layers(opened, &LayerLayout::k)) return std::nullopt;
  const std::int64_t k = read_k(opened.files[0].encoder, opened.layouts[0].k);
  for (std::size_t layer = 1; layer < opened.n_layers(); ++layer) {
    const SafetensorsFile& file = opened.files[layer].encoder;
    const std::int64_t found = read_k(file, opened.layouts[layer].k);
    if (found == k) continue;
    fail(file.path(), "tensor k is " + std::to_string(found) + ", layer 0 has " +
                          std::to_string(k) + "; expected one k for all layers");
  }
  return k;
}

std::string_view name_of(ActivationKind kind) {
  switch (kind) {
    case ActivationKind::kRelu:
      return "relu";
    case ActivationKind::kJumpRelu:
      return "jumprelu";
    case ActivationKind::kTopK:
      return "topk";
  }
  throw std::invalid_argument("[load_transcoders] no such activation");
}

/// config.yaml decides, else the tensors; neither may contradict the other.
Activation resolve_activation(const OpenedDirectory& opened) {
  const TranscoderConfig& config = opened.config;
  const std::filesystem::path config_path = config.directory / "config.yaml";
  const std::string& threshold = opened.layouts.front().threshold;
  const bool has_threshold = is_in_all_layers(opened, &LayerLayout::threshold);
  const std::optional<std::int64_t> tensor_k = k_of_tensors(opened);
  const std::optional<std::int64_t> k = config.k ? config.k : tensor_k;
  const ActivationKind by_tensors = k               ? ActivationKind::kTopK
                                    : has_threshold ? ActivationKind::kJumpRelu
                                                    : ActivationKind::kRelu;
  const ActivationKind kind = config.activation.value_or(by_tensors);
  const std::string says = "activation is " + std::string(name_of(kind));
  if (has_threshold && kind != ActivationKind::kJumpRelu) {
    fail(config_path, says + ", but the files hold a tensor " + threshold);
  }
  if (!has_threshold && kind == ActivationKind::kJumpRelu) {
    fail(config_path, says + ", but the files hold no tensor " + threshold);
  }
  if (k && kind != ActivationKind::kTopK)
    fail(config_path, says + ", but the files hold a tensor k");
  if (!k && kind == ActivationKind::kTopK) fail(config_path, says + ", but there is no k");
  if (config.k && tensor_k && *config.k != *tensor_k) {
    fail(config_path, "k is " + std::to_string(*config.k) + ", but tensor k in the files is " +
                          std::to_string(*tensor_k));
  }
  if (k && *k > opened.info.n_features) {
    fail(config_path, "k is " + std::to_string(*k) + ", expected at most the number of features, " +
                          std::to_string(opened.info.n_features));
  }
  return {.kind = kind, .k = k.value_or(0), .threshold = {}};
}

std::vector<std::filesystem::path> weight_files(std::span<const LayerLayout> layouts) {
  std::vector<std::filesystem::path> files;
  for (const LayerLayout& layout : layouts) {
    files.push_back(layout.encoder_file);
    if (layout.decoder_file != layout.encoder_file) files.push_back(layout.decoder_file);
  }
  return files;
}

OpenedDirectory open_directory(const std::filesystem::path& directory) {
  OpenedDirectory opened;
  opened.config = read_transcoder_config(directory);
  opened.layouts = opened.config.cross_layer ? cross_layer_layouts(opened.config)
                                             : per_layer_layouts(opened.config);
  opened.files = open_files(opened.layouts);
  TranscoderInfo& info = opened.info;
  info.directory = directory;
  info.model_name = opened.config.model_name;
  info.scan = opened.config.scan;
  info.cross_layer = opened.config.cross_layer;
  info.read_site = opened.config.read_site;
  info.write_site = opened.config.write_site;
  info.files = weight_files(opened.layouts);
  read_sizes(opened);
  for (std::size_t layer = 0; layer < opened.n_layers(); ++layer) {
    check_layer(opened.layouts[layer], opened.files[layer], info);
  }
  info.has_skip = is_in_all_layers(opened, &LayerLayout::skip);
  opened.activation = resolve_activation(opened);
  info.activation = name_of(opened.activation.kind);
  if (opened.activation.kind == ActivationKind::kTopK) {
    info.activation += " " + std::to_string(opened.activation.k);
  }
  return opened;
}

}  // namespace

std::unique_ptr<TranscoderSet> load_transcoders(const std::filesystem::path& directory,
                                                const TranscoderLoadOptions& options) {
  constexpr std::array kComputeTypes{at::kDouble, at::kFloat, at::kBFloat16};
  if (std::ranges::find(kComputeTypes, options.dtype) == kComputeTypes.end()) {
    throw std::invalid_argument(std::string("[load_transcoders] compute type is ") +
                                c10::toString(options.dtype) +
                                ", expected Double, Float or BFloat16");
  }
  OpenedDirectory opened = open_directory(directory);
  return std::make_unique<MappedTranscoders>(std::move(opened.info), std::move(opened.layouts),
                                             std::move(opened.files), opened.activation,
                                             options.dtype, options.device);
}

TranscoderInfo inspect_transcoders(const std::filesystem::path& directory) {
  return open_directory(directory).info;
}

}  // namespace circuit
