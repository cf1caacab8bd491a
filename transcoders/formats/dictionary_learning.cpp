#include "transcoders/formats/dictionary_learning.h"

#include <array>
#include <system_error>

#include "transcoders/weights/json.h"
#include "transcoders/weights/printable_name.h"

namespace circuit {
namespace {

struct Class {
  std::string_view name;
  ActivationKind kind;
  bool linear_layers;      ///< encoder.weight and decoder.weight, not W_enc and W_dec
  std::string_view b_dec;  ///< what the decoder's bias is called
  bool apply_b_dec_to_input;
};

// BatchTopK is used with the threshold that training has averaged: a JumpReLU with one number.
constexpr std::array<Class, 6> kClasses{{
    {"AutoEncoder", ActivationKind::kRelu, true, "bias", true},
    {"AutoEncoderNew", ActivationKind::kRelu, true, "decoder.bias", false},
    {"AutoEncoderTopK", ActivationKind::kTopK, true, "b_dec", true},
    {"BatchTopKSAE", ActivationKind::kJumpRelu, true, "b_dec", true},
    {"MatryoshkaBatchTopKSAE", ActivationKind::kJumpRelu, false, "b_dec", true},
    {"JumpReluAutoEncoder", ActivationKind::kJumpRelu, false, "b_dec", false},
}};

const Class& find_class(const std::string& operation, const JsonFile& config) {
  const std::string name = config.text("trainer.dict_class").value_or("");
  std::string known;
  for (const Class& row : kClasses) {
    if (row.name == name) return row;
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  fail_format(operation, config.path(),
              "trainer.dict_class is " + printable_name(name) + ", expected one of " + known);
}

LayerLayout layout_of(const std::filesystem::path& file, const Class& row) {
  LayerLayout layout;
  layout.encoder_file = layout.decoder_file = file;
  layout.decoder_bias = row.b_dec;
  if (row.linear_layers) {
    layout.encoder = "encoder.weight";
    layout.encoder_bias = "encoder.bias";
    layout.decoder = "decoder.weight";
    layout.decoder_transposed = true;
  } else {
    layout.encoder = "W_enc";
    layout.encoder_bias = "b_enc";
    layout.decoder = "W_dec";
    layout.encoder_transposed = true;
  }
  if (row.kind == ActivationKind::kJumpRelu) {
    layout.threshold = "threshold";
    layout.unused = {"k", "group_sizes"};
  } else if (row.kind == ActivationKind::kTopK) {
    layout.k = "k";
    layout.unused = {"threshold"};  // for another way of using it
  }
  return layout;
}

}  // namespace

std::optional<DictionaryDescription> describe_dictionary_learning(
    const std::string& operation, const std::filesystem::path& directory) {
  std::error_code ignored;
  const auto is_file = [&](const char* name) {
    return std::filesystem::is_regular_file(directory / name, ignored);
  };
  if (!is_file("config.json")) return std::nullopt;
  if (!is_file("ae.safetensors")) {
    if (!is_file("ae.pt")) return std::nullopt;
    fail_format(operation, directory / "ae.pt",
                "is a pickle, expected ae.safetensors; make it with: python -c \"import torch, "
                "safetensors.torch as s; s.save_file({k: v.contiguous() for k, v in "
                "torch.load('ae.pt', map_location='cpu', weights_only=True).items()}, "
                "'ae.safetensors')\"");
  }
  const JsonFile config = JsonFile::open(operation, directory / "config.json");
  const Class& row = find_class(operation, config);
  DictionaryDescription described;
  described.directory = directory;
  described.format = "dictionary_learning";
  described.model_name = config.text("trainer.lm_name").value_or("");
  described.is_sae = true;
  described.apply_b_dec_to_input = row.apply_b_dec_to_input;
  described.hook_text = config.text("trainer.submodule_name").value_or("");
  described.layout = layout_of(directory / "ae.safetensors", row);
  described.activation.said_in = config.path();
  described.activation.kind = row.kind;
  described.activation.topk_relu = row.kind == ActivationKind::kTopK;
  described.activation.threshold_relu = row.kind == ActivationKind::kJumpRelu;
  const auto layer = config.integer("trainer.layer");
  const bool says_residual =
      described.hook_text.empty() || described.hook_text.starts_with("resid_post");
  if (layer && *layer >= 0 && says_residual) {
    described.reads = described.writes = {PlaceKind::kResidualPost, *layer};
  }
  return described;
}

}  // namespace circuit
