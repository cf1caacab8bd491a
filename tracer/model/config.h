// The dimensions and kinds that define a decoder-only language model, read from config.json.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace circuit {

enum class NormKind : std::uint8_t { kRms, kLayer };
enum class PositionKind : std::uint8_t { kRotary, kLearned };
enum class MlpKind : std::uint8_t { kGated, kPlain };
enum class MlpActivation : std::uint8_t { kSilu, kGelu, kGeluTanh };

/// How rotary frequencies are stretched beyond the trained length.
struct RopeScaling {
  enum class Kind : std::uint8_t { kNone, kLinear, kLlama3 };
  Kind kind = Kind::kNone;
  double factor = 1.0;
  double low_frequency_factor = 1.0;   ///< llama3 only
  double high_frequency_factor = 4.0;  ///< llama3 only
  double original_max_positions = 0;   ///< llama3 only
};

struct ModelConfig {
  std::string name = {};          ///< The last part of `_name_or_path`, else the directory's name.
  std::string architecture = {};  ///< As `architectures[0]` names it: "LlamaForCausalLM".
  std::string model_type = {};    ///< "llama"
  std::int64_t n_layers = 0;
  std::int64_t d_model = 0;
  std::int64_t n_heads = 0;
  std::int64_t n_kv_heads = 0;  ///< Divides n_heads.
  std::int64_t d_head = 0;
  std::int64_t d_mlp = 0;
  std::int64_t vocabulary_size = 0;
  std::int64_t max_positions = 0;
  NormKind norm = NormKind::kRms;
  double norm_epsilon = 1e-5;
  PositionKind positions = PositionKind::kRotary;
  double rope_theta = 10000.0;
  RopeScaling rope_scaling = {};
  MlpKind mlp = MlpKind::kGated;
  MlpActivation activation = MlpActivation::kSilu;
  bool attention_bias = false;         ///< q, k, v have biases
  bool attention_output_bias = false;  ///< o has a bias
  bool mlp_bias = false;
  bool tied_embeddings = false;
};

/// Reads DIR/config.json. Throws std::runtime_error `[load_model] …` for a family that is not in
/// the architectures table (naming those that are), for a missing key, for sizes that contradict
/// each other, and for options that would change the computation and are not supported.
ModelConfig read_model_config(const std::filesystem::path& directory);

}  // namespace circuit
