#include "tracer/model/config.h"

#include <optional>
#include <stdexcept>

#include "tracer/model/architecture.h"
#include "transcoders/weights/directory_name.h"
#include "transcoders/weights/json.h"

namespace circuit {
namespace {

[[noreturn]] void fail(const JsonFile& file, const std::string& what) {
  throw std::runtime_error("[load_model] " + file.path().string() + ": " + what);
}

std::int64_t size_or(const JsonFile& file, std::string_view key, std::int64_t fallback) {
  if (key.empty()) return fallback;
  return file.integer(key).value_or(fallback);
}

bool flag_or(const JsonFile& file, std::string_view key, bool fallback) {
  if (key.empty()) return fallback;
  return file.boolean(key).value_or(fallback);
}

MlpActivation read_activation(const JsonFile& file, std::string_view key, MlpActivation fallback) {
  const auto name = file.text(key);
  if (!name) return fallback;
  if (*name == "silu" || *name == "swish") return MlpActivation::kSilu;
  if (*name == "gelu") return MlpActivation::kGelu;
  if (*name == "gelu_new" || *name == "gelu_pytorch_tanh") return MlpActivation::kGeluTanh;
  fail(file, "key " + std::string(key) + " is \"" + *name +
                 "\", expected silu, gelu, gelu_new or gelu_pytorch_tanh");
}

RopeScaling read_rope_scaling(const JsonFile& file) {
  RopeScaling scaling;
  if (!file.has("rope_scaling")) return scaling;
  const auto kind = file.text(file.has("rope_scaling.rope_type") ? "rope_scaling.rope_type"
                                                                 : "rope_scaling.type");
  if (!kind || *kind == "default") return scaling;
  scaling.factor = file.require_number("rope_scaling.factor");
  if (*kind == "linear") {
    scaling.kind = RopeScaling::Kind::kLinear;
  } else if (*kind == "llama3") {
    scaling.kind = RopeScaling::Kind::kLlama3;
    scaling.low_frequency_factor = file.require_number("rope_scaling.low_freq_factor");
    scaling.high_frequency_factor = file.require_number("rope_scaling.high_freq_factor");
    scaling.original_max_positions =
        file.require_number("rope_scaling.original_max_position_embeddings");
  } else {
    fail(file, "rope scaling \"" + *kind + "\" is not supported, expected llama3 or linear");
  }
  return scaling;
}

// Options that change the computation in a way that no field of ModelConfig describes.
void refuse_unsupported(const JsonFile& file) {
  if (file.boolean("scale_attn_by_inverse_layer_idx").value_or(false)) {
    fail(file, "scale_attn_by_inverse_layer_idx is true, which is not supported");
  }
  if (!file.boolean("scale_attn_weights").value_or(true)) {
    fail(file, "scale_attn_weights is false, which is not supported");
  }
  if (file.number("pretraining_tp").value_or(1) != 1) {
    fail(file, "pretraining_tp is not 1, which is not supported");
  }
  if (file.number("partial_rotary_factor").value_or(1) != 1) {
    fail(file, "partial_rotary_factor is not 1, which is not supported");
  }
  if (file.has("quantization_config")) {
    fail(file, "quantization_config is set; expected plain f32, f16 or bf16 weights");
  }
}

void check_sizes(const JsonFile& file, const ModelConfig& c) {
  const auto positive = [&](std::int64_t value, const char* name) {
    if (value <= 0 || value > (std::int64_t{1} << 31)) {
      fail(file, std::string(name) + " is " + std::to_string(value) + ", expected at least 1");
    }
  };
  positive(c.n_layers, "the number of layers");
  positive(c.d_model, "the model dimension");
  positive(c.n_heads, "the number of heads");
  positive(c.n_kv_heads, "the number of key-value heads");
  positive(c.d_head, "the head dimension");
  positive(c.d_mlp, "the MLP dimension");
  positive(c.vocabulary_size, "the vocabulary size");
  positive(c.max_positions, "the number of positions");
  if (c.n_heads % c.n_kv_heads != 0) {
    fail(file, std::to_string(c.n_heads) + " heads cannot share " + std::to_string(c.n_kv_heads) +
                   " key-value heads, expected a divisor");
  }
  if (c.positions == PositionKind::kRotary && c.d_head % 2 != 0) {
    fail(file, "the head dimension is " + std::to_string(c.d_head) + ", expected an even number");
  }
}

}  // namespace

ModelConfig read_model_config(const std::filesystem::path& directory) {
  const JsonFile file = JsonFile::open("load_model", directory / "config.json");
  const std::string model_type = file.text("model_type").value_or("");
  const Architecture& family =
      find_architecture(file.first_text("architectures").value_or(""), model_type);
  const ConfigKeys& keys = family.keys;
  refuse_unsupported(file);

  ModelConfig c = family.traits;
  const std::string stated = file.text("_name_or_path").value_or("");
  c.name = directory_name(stated.empty() ? directory : std::filesystem::path(stated));
  c.architecture = family.name;
  c.model_type = model_type.empty() ? std::string(family.model_type) : model_type;
  c.n_layers = file.require_integer(keys.n_layers);
  c.d_model = file.require_integer(keys.d_model);
  c.n_heads = file.require_integer(keys.n_heads);
  c.n_kv_heads = size_or(file, keys.n_kv_heads, c.n_heads);
  c.d_head = size_or(file, keys.d_head, c.n_heads > 0 ? c.d_model / c.n_heads : 0);
  c.d_mlp = size_or(file, keys.d_mlp, 4 * c.d_model);
  c.vocabulary_size = file.require_integer("vocab_size");
  c.max_positions = size_or(file, keys.max_positions, c.max_positions);
  c.norm_epsilon = file.number(keys.norm_epsilon).value_or(c.norm_epsilon);
  c.activation = read_activation(file, keys.activation, c.activation);
  c.attention_bias = flag_or(file, keys.attention_bias, c.attention_bias);
  c.attention_output_bias = flag_or(file, keys.attention_bias, c.attention_output_bias);
  c.mlp_bias = flag_or(file, keys.mlp_bias, c.mlp_bias);
  c.tied_embeddings = flag_or(file, "tie_word_embeddings", c.tied_embeddings);
  if (c.positions == PositionKind::kRotary) {
    c.rope_theta = file.number(keys.rope_theta).value_or(c.rope_theta);
    c.rope_scaling = read_rope_scaling(file);
  }
  check_sizes(file, c);
  return c;
}

}  // namespace circuit
