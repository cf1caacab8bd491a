#include "tests/support/tiny_sae.h"

#include "tests/support/temp_dir.h"
#include "tests/support/tensor_file.h"
#include "tests/support/tiny_transcoders.h"

namespace circuit::testing {
namespace {

std::string config_text(const TinySaeSpec& spec, std::int64_t k) {
  std::string text = "model_kind: sae\nmodel_name: tiny\nscan: tiny\nhook: " + spec.hook + "\n";
  if (spec.activation == ActivationKind::kTopK) {
    text += "activation: topk\nk: " + std::to_string(k) + "\n";
    if (spec.topk_relu) text += "topk_relu: true\n";
  }
  if (spec.apply_b_dec_to_input) text += "apply_b_dec_to_input: true\n";
  if (spec.input_scale != 1) text += "input_scale: " + std::to_string(spec.input_scale) + "\n";
  return text;
}

}  // namespace

std::filesystem::path write_tiny_sae(const std::filesystem::path& directory,
                                     const TinySaeSpec& spec) {
  // The weights of a transcoder of one layer, under other names.
  write_tiny_transcoders(directory, {.activation = spec.activation,
                                     .n_layers = 1,
                                     .d_model = spec.d_model,
                                     .n_features = spec.n_features,
                                     .seed = spec.seed});
  NamedTensors tensors = read_tensors(directory / "layer_0.safetensors");
  const std::int64_t k = tensors.contains("k") ? tensors.at("k").item<std::int64_t>() : 0;
  tensors.erase("k");
  if (const auto threshold = tensors.extract("activation_function.threshold")) {
    tensors.emplace("threshold", threshold.mapped());
  }
  write_tensors(directory / "sae.safetensors", tensors);
  std::filesystem::remove(directory / "layer_0.safetensors");
  write_text(directory / "config.yaml", config_text(spec, k));
  return directory;
}

}  // namespace circuit::testing
