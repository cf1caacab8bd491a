#include "transcoders/per_layer.h"

#include <stdexcept>
#include <string>

namespace circuit {
namespace {

LayerLayout layout_of(const std::filesystem::path& file) {
  return {
      .encoder_file = file,
      .decoder_file = file,
      .encoder = "W_enc",
      .encoder_bias = "b_enc",
      .decoder_bias = "b_dec",
      .threshold = "activation_function.threshold",
      .skip = "W_skip",
      .k = "k",
      .decoder = "W_dec",
      .n_written = std::nullopt,
  };
}

}  // namespace

std::vector<LayerLayout> per_layer_layouts(const TranscoderConfig& config) {
  std::vector<LayerLayout> layouts;
  if (config.layer_files) {
    for (const auto& file : *config.layer_files) layouts.push_back(layout_of(file));
    return layouts;
  }
  const std::int64_t n_layers = count_layer_files(config.directory, "layer_");
  if (n_layers == 0) {
    throw std::runtime_error("[load_transcoders] " + config.directory.string() +
                             ": neither layer_0.safetensors nor a list `transcoders` in "
                             "config.yaml");
  }
  for (std::int64_t layer = 0; layer < n_layers; ++layer) {
    const std::string name = "layer_" + std::to_string(layer) + ".safetensors";
    layouts.push_back(layout_of(config.directory / name));
  }
  return layouts;
}

}  // namespace circuit
