// A model family as data: which keys of config.json hold its sizes, what its tensors are called.
// Adding a family is one file in arch/, one row of the table in architecture.cpp, one row of
// docs/adding_a_model.md.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "tracer/model/config.h"

namespace circuit {

/// Keys of config.json; an empty key means that the family has no such setting.
struct ConfigKeys {
  std::string_view n_layers, d_model, n_heads, n_kv_heads, d_head, d_mlp, max_positions;
  std::string_view norm_epsilon, activation, rope_theta, attention_bias, mlp_bias;
};

/// Names of tensors without their `.weight` or `.bias`; `{}` stands for the layer. Empty = none.
struct TensorNames {
  std::string_view embedding, position_embedding, final_norm, unembedding;
  std::string_view attention_norm, mlp_norm;
  std::string_view query, key, value;  ///< separate projections, or
  std::string_view query_key_value;    ///< one tensor with all three
  std::string_view attention_output;
  std::string_view gate, up, down;
  std::string_view optional_prefix;  ///< some files write every name without it
};

struct Architecture {
  std::string_view name;        ///< `architectures[0]` of config.json
  std::string_view model_type;  ///< `model_type` of config.json
  ConfigKeys keys;
  TensorNames tensors;
  bool weights_are_input_major = false;  ///< [in, out] as in GPT-2, instead of [out, in]
  /// What config.json does not say: norm, positions, MLP kind, biases, defaults of optional keys.
  ModelConfig traits;
};

/// Every family that can be loaded.
std::span<const Architecture* const> architectures();
/// The family of a model; throws std::runtime_error naming the known ones.
const Architecture& find_architecture(std::string_view name, std::string_view model_type);

/// `pattern` with `{}` replaced by the layer.
std::string layer_tensor(std::string_view pattern, std::int64_t layer);

}  // namespace circuit
