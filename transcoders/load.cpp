#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <utility>

#include <ATen/ATen.h>

#include "transcoders/formats/describe_set.h"
#include "transcoders/mapped_transcoders.h"
#include "transcoders/open_layers.h"
#include "transcoders/rescaled_transcoders.h"
#include "transcoders/transcoder_set.h"

namespace circuit {
namespace {

struct OpenedDirectory {
  TranscoderInfo info;
  OpenedLayers layers;
  Rescaling rescaling;
};

OpenedDirectory open_directory(const std::filesystem::path& directory) {
  SetDescription described = describe_set(directory);
  OpenedDirectory opened;
  opened.layers =
      open_layers("load_transcoders", std::move(described.layouts), described.activation);
  const OpenedLayers& layers = opened.layers;
  opened.info = {.directory = directory,
                 .format = described.format,
                 .model_name = described.model_name,
                 .scan = described.scan,
                 .cross_layer = described.cross_layer,
                 .n_layers = static_cast<std::int64_t>(layers.layouts.size()),
                 .d_model = layers.d_model,
                 .n_features = layers.n_features,
                 .read_site = described.read_site,
                 .write_site = described.write_site,
                 .activation = activation_text(layers.activation),
                 .has_skip = layers.has_skip,
                 .stored = layers.stored,
                 .rescaled = described.rescaling.text(),
                 .files = weight_files(layers.layouts)};
  opened.rescaling = std::move(described.rescaling);
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
  return rescale(
      std::make_unique<MappedTranscoders>(std::move(opened.info), std::move(opened.layers),
                                          options.dtype, options.device),
      opened.rescaling);
}

TranscoderInfo inspect_transcoders(const std::filesystem::path& directory) {
  return open_directory(directory).info;
}

}  // namespace circuit
