#include <exception>
#include <string>
#include <system_error>
#include <utility>

#include "transcoders/config_reader.h"
#include "transcoders/formats/describe_sae.h"
#include "transcoders/formats/dictionary_folders.h"
#include "transcoders/mapped_transcoders.h"
#include "transcoders/open_layers.h"
#include "transcoders/rescaled_transcoders.h"
#include "transcoders/sae.h"

namespace circuit {
namespace {

struct OpenedSae {
  SaeInfo info;
  OpenedLayers layers;
  Rescaling rescaling;
};

OpenedSae open_sae(const std::filesystem::path& directory, std::optional<SaeHook> hook) {
  DescribedSae described = describe_sae(directory, hook);
  OpenedSae opened;
  opened.layers = open_layers("load_sae", {described.layout}, described.activation);
  opened.info = std::move(described.info);
  opened.info.d_model = opened.layers.d_model;
  opened.info.n_features = opened.layers.n_features;
  opened.info.activation = activation_text(opened.layers.activation);
  opened.info.stored = opened.layers.stored;
  opened.info.rescaled = described.rescaling.text();
  opened.info.files = weight_files(opened.layers.layouts);
  opened.rescaling = described.rescaling;
  return opened;
}

}  // namespace

std::unique_ptr<Sae> load_sae(const std::filesystem::path& directory,
                              const TranscoderLoadOptions& options, std::optional<SaeHook> hook) {
  OpenedSae opened = open_sae(directory, hook);
  TranscoderInfo dictionary;
  dictionary.directory = directory;
  dictionary.format = opened.info.format;
  dictionary.n_layers = 1;
  dictionary.d_model = opened.info.d_model;
  dictionary.n_features = opened.info.n_features;
  dictionary.activation = opened.info.activation;
  dictionary.files = opened.info.files;
  auto mapped = std::make_unique<MappedTranscoders>(std::move(dictionary), std::move(opened.layers),
                                                    options.dtype, options.device);
  return std::make_unique<Sae>(std::move(opened.info),
                               rescale(std::move(mapped), opened.rescaling));
}

SaeInfo inspect_sae(const std::filesystem::path& directory) {
  return open_sae(directory, std::nullopt).info;
}

bool is_sae_directory(const std::filesystem::path& directory) {
  try {
    std::error_code ignored;
    if (std::filesystem::exists(directory / "config.yaml", ignored)) {
      return ConfigReader("load_sae", directory / "config.yaml").text("model_kind") == "sae";
    }
    const auto dictionary = describe_dictionary("load_sae", directory);
    return dictionary && dictionary->is_sae;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace circuit
