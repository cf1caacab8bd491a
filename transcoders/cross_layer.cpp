#include "transcoders/cross_layer.h"

#include <stdexcept>
#include <string>

#include "transcoders/formats/gemma_scope.h"

namespace circuit {
namespace {

LayerLayout layout_of(const std::filesystem::path& directory, std::int64_t layer,
                      std::int64_t n_layers) {
  const auto named = [layer](const char* stem) { return stem + std::to_string(layer); };
  LayerLayout layout;
  layout.encoder_file = directory / (named("W_enc_") + ".safetensors");
  layout.decoder_file = directory / (named("W_dec_") + ".safetensors");
  layout.encoder = named("W_enc_");
  layout.encoder_bias = named("b_enc_");
  layout.decoder_bias = named("b_dec_");
  layout.threshold = named("threshold_");
  // Our extension, x Wᵀ as in per-layer files: the format as published stores no skip.
  layout.skip = named("W_skip_");
  layout.decoder = named("W_dec_");
  layout.n_written = n_layers - layer;
  return layout;
}

}  // namespace

std::vector<LayerLayout> cross_layer_layouts(const TranscoderConfig& config) {
  if (config.layer_files) return gemma_scope_2_clt_layouts(*config.layer_files);
  const std::int64_t n_layers = count_layer_files(config.directory, "W_enc_");
  const std::int64_t n_decoders = count_layer_files(config.directory, "W_dec_");
  const std::string operation = "[load_transcoders] " + config.directory.string() + ": ";
  if (n_layers == 0) throw std::runtime_error(operation + "no W_enc_0.safetensors");
  if (n_decoders != n_layers) {
    throw std::runtime_error(operation + std::to_string(n_layers) + " files W_enc_*.safetensors, " +
                             std::to_string(n_decoders) + " files W_dec_*.safetensors");
  }
  std::vector<LayerLayout> layouts;
  for (std::int64_t layer = 0; layer < n_layers; ++layer) {
    layouts.push_back(layout_of(config.directory, layer, n_layers));
  }
  return layouts;
}

}  // namespace circuit
