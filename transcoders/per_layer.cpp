#include "transcoders/per_layer.h"

#include <stdexcept>
#include <string>

#include "transcoders/formats/gemma_scope.h"

namespace circuit {
namespace {

LayerLayout native_layout(const std::filesystem::path& file) {
  LayerLayout layout;
  layout.encoder_file = layout.decoder_file = file;
  layout.encoder = "W_enc";
  layout.encoder_bias = "b_enc";
  layout.decoder_bias = "b_dec";
  layout.threshold = "activation_function.threshold";
  layout.skip = "W_skip";
  layout.k = "k";
  layout.decoder = "W_dec";
  return layout;
}

/// Lists also name files of Gemma Scope as they were published.
LayerLayout listed_layout(const std::filesystem::path& file) {
  if (file.extension() == ".npz") return gemma_scope_layout(file);
  if (WeightFile::open(file).contains("w_enc")) return gemma_scope_2_layout(file);
  return native_layout(file);
}

}  // namespace

std::vector<LayerLayout> per_layer_layouts(const TranscoderConfig& config) {
  std::vector<LayerLayout> layouts;
  if (config.layer_files) {
    for (const auto& file : *config.layer_files) layouts.push_back(listed_layout(file));
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
    layouts.push_back(native_layout(config.directory / name));
  }
  return layouts;
}

}  // namespace circuit
