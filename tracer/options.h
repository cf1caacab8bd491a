// Settings of a trace, one struct a stage; every default of the command line is written here once.
// Installed; knows neither torch nor the command line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tracer/text/chat_message.h"

namespace circuit {

/// The type that the library computes in. bf16 halves memory and is coarse; f64 is for checks.
enum class ComputeType : std::uint8_t { kF32, kF64, kBF16 };

struct LoadOptions {
  std::filesystem::path model;        ///< Hugging Face directory or GGUF file.
  std::filesystem::path transcoders;  ///< Transcoder directory.
  std::filesystem::path sae;          ///< SAE directory, where an SAE may stand in their place.
  ComputeType dtype = ComputeType::kF32;
  /// Threads for everything after; 0 = all cores. Results do not depend on it.
  int threads = 0;
  /// Where the model, the transcoders' products and the rows are computed: cpu, cuda or cuda:N.
  std::string device = "cpu";
  /// On CUDA, lets f32 products round their inputs to TF32: faster, 10 bits instead of 23.
  bool tf32 = false;
};

/// The pre-activation of a feature, whether it fires or not.
struct FeatureTarget {
  std::int64_t layer = 0;
  std::int64_t feature = 0;
  std::int64_t position = 0;  ///< Negative counts from the prompt's end.
  double weight = 1.0;        ///< In influence, above 0.
};

/// How far what the final norm gives points along a vector.
struct VectorTarget {
  std::string label;
  std::vector<float> vector;  ///< [d_model], taken as it is
  double weight = 1.0;        ///< In influence, above 0.
};

/// What is explained: tokens and differences, then features, then vectors.
struct TargetOptions {
  /// Where nothing else is named to be read, and beside features only where `position` is given: at
  /// most this many of the most probable next tokens …
  std::int64_t max_logits = 10;
  /// … and no more than needed for this share of probability, in [0, 1].
  double logit_probability = 0.95;
  /// `#ID`, a token's text, or A-B of those for a difference of logits (docs/method.md, targets).
  std::vector<std::string> named{};
  /// Where tokens, differences and vectors are read; negative counts from the prompt's end, which
  /// is where they are without it.
  std::optional<std::int64_t> position{};
  std::vector<FeatureTarget> features{};
  std::vector<VectorTarget> vectors{};

  /// Whether the most probable tokens are explained.
  bool takes_most_probable() const {
    return named.empty() && vectors.empty() && (features.empty() || position.has_value());
  }
};

/// What the prompt is, and how it begins: `token_ids` if given, else `chat`, else `prompt`.
struct PromptInput {
  std::string prompt;
  std::optional<std::vector<std::int32_t>> token_ids;  ///< taken as given
  std::optional<Chat> chat;                            ///< as the model's chat template writes it
  /// `--bos`: empty = the rule of docs/method.md, "none", or an id that is prepended.
  std::string bos;
};

struct AttributionOptions {
  TargetOptions targets;
  /// Features that become nodes; 0 = all. With a cap, features are chosen in rounds of
  /// update_interval × batch_size by their influence so far.
  std::int64_t max_features = 7500;
  std::int64_t batch_size = 256;     ///< Defines the ranking round only, not the engine's batch.
  std::int64_t update_interval = 4;  ///< Defines the ranking round only.
  /// Bytes of memory for the whole process; changes speed, and results within rounding.
  std::int64_t memory_bytes = std::int64_t{8} << 30;
  /// Bytes of the device's memory for this process; 0 = what is free there. Not used on the CPU.
  std::int64_t device_memory_bytes = 0;
  /// Also finds features whose decoders are alike (docs/method.md, decoder similarity).
  bool similarity = false;
  /// First positions without features and errors; empty = 1, or 4 for chats of Gemma 3.
  std::optional<std::int64_t> zero_positions;
};

/// Of the heads of one edge.
struct LoadingOptions {
  std::size_t sequences = 10;  ///< Head sequences listed.
  /// Sequences followed at each length; with fewer than there are, stronger ones may be missed.
  std::size_t beam = 128;
};

/// Of a table of score terms.
struct TableOptions {
  std::size_t top = 10;  ///< Terms listed of each sign.
  /// Bytes of memory for the whole process; changes speed alone.
  std::int64_t memory_bytes = std::int64_t{8} << 30;
};

/// What is found out about the attention behind the kept edges of a graph.
struct DetailOptions {
  bool per_head = false;  ///< Divides kept edges among heads.
  bool qk = false;        ///< Tables of the scores that carry kept edges …
  double qk_share = 0.8;  ///< … the strongest, until they carry this share of all that is carried
  std::size_t most_tables = 200;  ///< … and at most so many.
  TableOptions table{};
};

/// Called now and then while a stage runs: its name, how much is done, how much there is.
using Progress =
    std::function<void(const std::string& stage, std::int64_t done, std::int64_t total)>;

}  // namespace circuit
