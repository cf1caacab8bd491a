// Opens SAE directories: the description says which form it is and where the model is read.
#include <array>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "transcoders/config_reader.h"
#include "transcoders/mapped_transcoders.h"
#include "transcoders/open_layers.h"
#include "transcoders/sae.h"

namespace circuit {
namespace {

constexpr const char* kOperation = "load_sae";

/// What a description says before any tensor is looked at.
struct SaeDescription {
  SaeInfo info;
  LayerLayout layout;
  ActivationChoice activation;
};

SaeDescription describe_native(const std::filesystem::path& directory) {
  const ConfigReader reader(kOperation, directory / "config.yaml");
  constexpr std::array<Named<bool>, 1> kKind{{{true, "sae"}}};
  reader.required_choice("model_kind", std::span<const Named<bool>>(kKind));
  const std::optional<std::string> hook = reader.text("hook");
  if (!hook) {
    reader.fail("no key hook, expected resid_pre.L, resid_post.L, mlp_out.L or attn_out.L");
  }
  SaeDescription described;
  described.info = {.directory = directory,
                    .format = "native",
                    .model_name = reader.text("model_name").value_or(""),
                    .scan = reader.text("scan").value_or(""),
                    .apply_b_dec_to_input = reader.flag("apply_b_dec_to_input").value_or(false),
                    .input_scale = reader.positive_number("input_scale").value_or(1.0)};
  try {
    described.info.hook = parse_sae_hook(*hook);
  } catch (const std::invalid_argument&) {
    reader.fail_unexpected("hook", *hook, "resid_pre.L, resid_post.L, mlp_out.L or attn_out.L");
  }
  described.layout = {.encoder_file = directory / "sae.safetensors",
                      .decoder_file = directory / "sae.safetensors",
                      .encoder = "W_enc",
                      .encoder_bias = "b_enc",
                      .decoder_bias = "b_dec",
                      .threshold = "threshold",
                      .decoder = "W_dec"};
  described.activation = read_activation_choice(reader);
  return described;
}

struct OpenedSae {
  SaeInfo info;
  OpenedLayers layers;
};

OpenedSae open_sae(const std::filesystem::path& directory) {
  SaeDescription described = describe_native(directory);
  OpenedSae opened;
  opened.layers = open_layers(kOperation, {described.layout}, described.activation);
  opened.info = std::move(described.info);
  opened.info.d_model = opened.layers.d_model;
  opened.info.n_features = opened.layers.n_features;
  opened.info.activation = activation_text(opened.layers.activation);
  opened.info.files = weight_files(opened.layers.layouts);
  return opened;
}

}  // namespace

std::unique_ptr<Sae> load_sae(const std::filesystem::path& directory,
                              const TranscoderLoadOptions& options) {
  OpenedSae opened = open_sae(directory);
  const TranscoderInfo dictionary{.directory = directory,
                                  .n_layers = 1,
                                  .d_model = opened.info.d_model,
                                  .n_features = opened.info.n_features,
                                  .activation = opened.info.activation,
                                  .files = opened.info.files};
  return std::make_unique<Sae>(std::move(opened.info), std::make_unique<MappedTranscoders>(
                                                           dictionary, std::move(opened.layers),
                                                           options.dtype, options.device));
}

SaeInfo inspect_sae(const std::filesystem::path& directory) { return open_sae(directory).info; }

bool is_sae_directory(const std::filesystem::path& directory) {
  try {
    const ConfigReader reader(kOperation, directory / "config.yaml");
    return reader.text("model_kind") == "sae";
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace circuit
