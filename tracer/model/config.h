// The dimensions and kinds that define a decoder-only language model, read from config.json or
// from the keys of a GGUF file.
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
/// What a layer's attention sees: everything before it, or the last `sliding_window` positions.
enum class AttentionSpan : std::uint8_t { kFull, kSliding };

/// How rotary frequencies are stretched beyond the trained length.
struct RopeScaling {
  enum class Kind : std::uint8_t { kNone, kLinear, kLlama3, kFactors };
  Kind kind = Kind::kNone;
  double factor = 1.0;
  double low_frequency_factor = 1.0;   ///< llama3 only
  double high_frequency_factor = 4.0;  ///< llama3 only
  double original_max_positions = 0;   ///< llama3 only
  /// kFactors only: [d_head / 2], by which the frequencies are divided
  std::vector<double> factors = {};
};

struct ModelConfig {
  std::string name =
      {};  ///< The last part of `_name_or_path`, else the directory's or the file's name.
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
  bool post_norms = false;       ///< further norms behind attention and behind the MLP
  bool query_key_norms = false;  ///< RMS norms of each head's queries and keys
  PositionKind positions = PositionKind::kRotary;
  double rope_theta = 10000.0;
  double sliding_rope_theta = 0;  ///< of sliding layers, without scaling; 0 = as the others
  RopeScaling rope_scaling = {};
  std::vector<AttentionSpan> spans = {};  ///< [n_layers]
  std::int64_t sliding_window = 0;        ///< positions that a sliding layer sees, its own counted
  double query_scalar = 0;                ///< scores are divided by its root; 0 = d_head
  double attention_softcap = 0;           ///< scores become c·tanh(scores / c); 0 = none
  double final_softcap = 0;               ///< the same of the logits
  double embedding_scale = 1.0;           ///< factor of token embeddings
  MlpKind mlp = MlpKind::kGated;
  MlpActivation activation = MlpActivation::kSilu;
  bool attention_bias = false;         ///< q, k, v have biases
  bool attention_output_bias = false;  ///< o has a bias
  bool mlp_bias = false;
  bool tied_embeddings = false;
};

/// Reads DIR/config.json (of models with several parts the text model's section), or the keys of a
/// GGUF file. Throws std::runtime_error `[load_model] …` for a family that is not in the
/// architectures table (naming those that are), for a missing key, for sizes that contradict each
/// other, and for options that would change the computation and are not supported.
ModelConfig read_model_config(const std::filesystem::path& model);

}  // namespace circuit
