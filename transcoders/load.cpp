// Opens transcoder directories: config.yaml says the kind, the kind says where tensors lie.
#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <utility>

#include <ATen/ATen.h>

#include "transcoders/config.h"
#include "transcoders/cross_layer.h"
#include "transcoders/mapped_transcoders.h"
#include "transcoders/open_layers.h"
#include "transcoders/per_layer.h"
#include "transcoders/transcoder_set.h"

namespace circuit {
namespace {

struct OpenedDirectory {
  TranscoderInfo info;
  OpenedLayers layers;
};

OpenedDirectory open_directory(const std::filesystem::path& directory) {
  const TranscoderConfig config = read_transcoder_config(directory);
  OpenedDirectory opened;
  opened.layers =
      open_layers("load_transcoders",
                  config.cross_layer ? cross_layer_layouts(config) : per_layer_layouts(config),
                  config.activation);
  const OpenedLayers& layers = opened.layers;
  opened.info = {.directory = directory,
                 .model_name = config.model_name,
                 .scan = config.scan,
                 .cross_layer = config.cross_layer,
                 .n_layers = static_cast<std::int64_t>(layers.layouts.size()),
                 .d_model = layers.d_model,
                 .n_features = layers.n_features,
                 .read_site = config.read_site,
                 .write_site = config.write_site,
                 .activation = activation_text(layers.activation),
                 .has_skip = layers.has_skip,
                 .files = weight_files(layers.layouts)};
  return opened;
}

}  // namespace

void check_compute_type(const std::string& operation, at::ScalarType dtype) {
  constexpr std::array kComputeTypes{at::kDouble, at::kFloat, at::kBFloat16};
  if (std::ranges::find(kComputeTypes, dtype) != kComputeTypes.end()) return;
  throw std::invalid_argument("[" + operation + "] compute type is " + c10::toString(dtype) +
                              ", expected Double, Float or BFloat16");
}

std::unique_ptr<TranscoderSet> load_transcoders(const std::filesystem::path& directory,
                                                const TranscoderLoadOptions& options) {
  check_compute_type("load_transcoders", options.dtype);
  OpenedDirectory opened = open_directory(directory);
  return std::make_unique<MappedTranscoders>(std::move(opened.info), std::move(opened.layers),
                                             options.dtype, options.device);
}

TranscoderInfo inspect_transcoders(const std::filesystem::path& directory) {
  return open_directory(directory).info;
}

}  // namespace circuit
