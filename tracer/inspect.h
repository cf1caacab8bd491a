// What a model and a transcoder directory hold, as plain values; no torch type shows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace circuit {

/// The tensors of a file that are stored alike.
struct StoredType {
  std::string name;  ///< "F16", "Q4_K"
  std::int64_t tensors = 0;
  std::int64_t bytes = 0;
};

struct ModelDescription {
  std::filesystem::path directory;  ///< or the GGUF file
  std::string name;
  std::string architecture;  ///< "LlamaForCausalLM"
  std::string format;        ///< "safetensors" or "GGUF 3"
  std::string dtype;         ///< of the weights in the files, such as "F16"; "F16, F32" when mixed
  std::vector<StoredType> stored_types;  ///< ascending names
  std::int64_t n_layers = 0;
  std::int64_t d_model = 0;
  std::int64_t n_heads = 0;
  std::int64_t n_kv_heads = 0;
  std::int64_t d_head = 0;
  std::int64_t d_mlp = 0;
  std::int64_t vocabulary_size = 0;
  std::int64_t max_positions = 0;
  std::int64_t parameters = 0;
  std::int64_t bytes = 0;
  bool has_tokenizer = false;
  std::string tokenizer;  ///< what kind it is: "tokenizer.json", "gpt2, split as smollm"; or empty
  bool has_chat_template = false;
  std::string hash;
};

/// Features of one layer that can never do anything (transcoders/dead_features.h).
struct DeadCount {
  std::int64_t encoder_rows = 0;  ///< all zero
  std::int64_t decoder_rows = 0;  ///< all zero
  std::int64_t thresholds = 0;    ///< infinite
};

struct TranscodersDescription {
  std::filesystem::path directory;
  std::string name;
  std::string format;      ///< "native", "Gemma Scope", …
  std::string model_name;  ///< of the model they are for, as config.yaml says; may be empty
  std::string scan;
  std::string kind;        ///< "cross-layer" or "per-layer"
  std::string activation;  ///< "relu", "jumprelu" or "topk 32"
  std::string read_site;   ///< "mlp.hook_in"
  std::string write_site;  ///< "mlp.hook_out"
  std::string dtype;
  std::int64_t n_layers = 0;
  std::int64_t d_model = 0;
  std::int64_t n_features = 0;  ///< of each layer
  bool has_skip = false;
  std::string rescaled;  ///< what weights are multiplied with on reading; mostly empty
  std::int64_t parameters = 0;
  std::int64_t bytes = 0;
  std::string hash;
  std::vector<DeadCount> dead;  ///< a layer each; empty: not counted
};

struct SaeDescription {
  std::filesystem::path directory;
  std::string name;
  std::string format;
  std::string model_name;
  std::string scan;
  std::string hook;        ///< "resid_post.12"
  std::int64_t layer = 0;  ///< of the hook
  std::string activation;
  bool apply_b_dec_to_input = false;
  double input_scale = 1;
  std::string dtype;
  std::int64_t d_model = 0;
  std::int64_t n_features = 0;
  std::string rescaled;
  std::int64_t parameters = 0;
  std::int64_t bytes = 0;
  std::string hash;
  std::vector<DeadCount> dead;  ///< of one layer; empty: not counted
};

struct DescribeOptions {
  bool full_hash = false;  ///< hash every byte instead of samples; graph files hold the other hash
  /// Dead features are counted in weights up to this size, by reading all of them; 0 = never.
  std::int64_t counted_bytes = std::int64_t{4} << 30;
};

/// Opens the model as `Tracer` does, so that a missing or misshapen tensor and values that are not
/// finite throw std::runtime_error `[load_model] …`. `full_hash` hashes every
/// byte instead of samples, and so gives another hash than graph files hold.
ModelDescription describe_model(const std::filesystem::path& model, bool full_hash = false);

/// Any format of docs/formats.md. Throws std::runtime_error `[load_transcoders] …` and
/// `[load_sae] …`.
TranscodersDescription describe_transcoders(const std::filesystem::path& directory,
                                            const DescribeOptions& options = {});
SaeDescription describe_sae(const std::filesystem::path& directory,
                            const DescribeOptions& options = {});

/// Empty when transcoders can stand in for the model's MLPs, or the SAE can read where its hook is;
/// else what does not fit.
std::string find_misfit(const ModelDescription& model, const TranscodersDescription& transcoders);
std::string find_misfit(const ModelDescription& model, const SaeDescription& sae);

/// Empty when the transcoders may be meant for the model called `model_name` in the directory
/// `model`: their config.yaml names no model, or one whose last part is this name or is in the
/// path. Else the name that they give.
std::string find_other_model_name(const std::string& model_name, const std::filesystem::path& model,
                                  const std::filesystem::path& transcoders);

}  // namespace circuit
