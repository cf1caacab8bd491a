// A language model with its tokenizer as a command works with them. Private to the library.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tracer/machine/threads.h"
#include "tracer/model/model.h"
#include "tracer/options.h"
#include "tracer/text/positions.h"
#include "tracer/text/tokenizer.h"

namespace circuit {

/// What a prompt became.
struct EncodedPrompt {
  std::vector<std::int32_t> ids;
  std::string text;  ///< that they encode, of a chat what its template wrote; empty for given ids
  NamedPositions positions;
};

struct LoadedModel {
  /// Sets the number of threads for as long as it lives. Throws std::runtime_error
  /// `[load_model] …`, `[load_tokenizer] …` or `[device] …`.
  explicit LoadedModel(const LoadOptions& load);

  /// Throws std::runtime_error when there is no tokenizer to encode with, and as `encode_prompt`
  /// and, for a chat, `load_chat_template` and `encode_chat`.
  EncodedPrompt encode(const PromptInput& input) const;
  /// What each token is shown as.
  std::vector<std::string> tokens_of(std::span<const std::int32_t> ids) const;
  /// Null where the model has no tokenizer.
  const Tokenizer* text() const { return tokenizer ? &*tokenizer : nullptr; }

  LoadOptions options;
  ThreadScope threads;
  at::Device device;
  Model model;
  std::optional<Tokenizer> tokenizer;
};

/// Ids that end a generated text: the tokenizer's eos and those of generation_config.json.
std::vector<std::int32_t> end_ids(const LoadedModel& loaded);

/// The type of tensors that a compute type stands for.
at::ScalarType scalar_type(ComputeType type);

}  // namespace circuit
