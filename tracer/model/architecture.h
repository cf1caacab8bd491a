// A model family as data: which keys of config.json hold its sizes, what its tensors are called.
// Adding a family is one file in arch/, one row of the table in architecture.cpp, one row of
// docs/adding_a_model.md.
#pragma once

#include <array>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "tracer/model/config.h"

namespace circuit {

/// Keys of config.json; an empty key means that the family has no such setting.
struct ConfigKeys {
  std::string_view n_layers, d_model, n_heads, n_kv_heads, d_head, d_mlp, max_positions;
  std::string_view norm_epsilon, activation, rope_theta, attention_bias, mlp_bias;
  std::string_view sliding_rope_theta, sliding_window, query_scalar;
  std::string_view attention_softcap, final_softcap;
};

/// Which layers slide where config.json has no list `layer_types`.
enum class SlidingLayers : std::uint8_t {
  kNone,
  kAll,             ///< all, when there is a window
  kEveryOther,      ///< 0, 2, 4, …
  kAllButEveryNth,  ///< n = `sliding_window_pattern`, 6 without it: layers n - 1, 2n - 1, … are
                    ///< full
  kFromLayer,       ///< from `max_window_layers` (28) on, when `use_sliding_window`
};

/// Names of tensors without their `.weight` or `.bias`; `{}` stands for the layer. Empty = none.
struct TensorNames {
  std::string_view embedding, position_embedding, final_norm, unembedding;
  std::string_view attention_norm, mlp_norm;            ///< ahead of attention and MLP
  std::string_view attention_post_norm, mlp_post_norm;  ///< behind them
  std::string_view query_norm, key_norm;
  std::string_view query, key, value;  ///< separate projections, or
  std::string_view query_key_value;    ///< one tensor with all three
  std::string_view attention_output;
  std::string_view gate, up, down;
};

/// Some files begin names with `stored` where TensorNames says `named`.
struct Renaming {
  std::string_view named, stored;
};

/// How GGUF files hold a family; the names of keys and tensors are the same for all
/// (gguf_config.cpp, weight_source.cpp).
struct GgufTraits {
  std::string_view architecture = {};  ///< `general.architecture`; empty = not in this format
  /// Rows of queries and keys are stored so that those which rotate together are neighbours.
  bool rotates_neighbours = false;
  /// Models of this many layers divide scores by the root of d_model / n_heads, which no key says.
  std::int64_t n_layers_scaled_by_width = 0;
};

struct Architecture {
  std::string_view name;        ///< `architectures[0]` of config.json
  std::string_view model_type;  ///< `model_type` of config.json
  ConfigKeys keys;
  TensorNames tensors;
  std::array<Renaming, 3> renamings = {};  ///< tried in this order after the name itself
  /// Where config.json keeps the text model of a family with other parts: "text_config."
  std::string_view config_section = {};
  bool weights_are_input_major = false;  ///< [in, out] as in GPT-2, instead of [out, in]
  double gain_offset = 0;                ///< gain of a norm = stored weight + this
  bool embeddings_are_scaled = false;    ///< by the root of d_model
  SlidingLayers sliding_layers = SlidingLayers::kNone;
  GgufTraits gguf = {};
  /// What config.json does not say: norms, positions, MLP kind, biases, defaults of optional keys
  /// (a size of 0 has none: the key is needed).
  ModelConfig traits;
};

/// Every family that can be loaded.
std::span<const Architecture* const> architectures();
/// The family of a model; throws std::runtime_error naming the known ones.
const Architecture& find_architecture(std::string_view name, std::string_view model_type);

/// The family of a GGUF file's `general.architecture`; throws std::runtime_error naming the known.
const Architecture& find_gguf_architecture(std::string_view architecture,
                                           const std::filesystem::path& file);

/// `pattern` with `{}` replaced by the layer.
std::string layer_tensor(std::string_view pattern, std::int64_t layer);

}  // namespace circuit
