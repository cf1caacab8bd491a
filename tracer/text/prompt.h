// The ids of a prompt whose first position is a special token (docs/method.md, prompts).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tracer/text/tokenizer.h"

namespace circuit {

struct PromptOptions {
  enum class Bos {
    kAutomatic,  ///< prepends the first defined of bos, pad, eos and the other special tokens
    kNone,       ///< prepends nothing
    kId,         ///< prepends `bos_id`
  };
  /// What to do when the prompt does not begin with a special token (kId: with that token).
  Bos bos = Bos::kAutomatic;
  std::int32_t bos_id = -1;  ///< for kId alone; the id of a token
};

/// The value of `--bos`: "none" or an id. Throws std::invalid_argument otherwise.
PromptOptions parse_bos(std::string_view value);

/// The same where no value, an empty one, stands for the automatic rule.
PromptOptions start_options(std::string_view bos);

/// Encodes without the tokenizer's own special tokens; text of special tokens in the prompt
/// becomes their ids. Throws std::invalid_argument when the prompt is empty or not valid UTF-8,
/// when it encodes to no token, when the tokenizer defines no special token to prepend, and when
/// `bos_id` is no token. The result may have a single position; tracing refuses that itself.
std::vector<std::int32_t> encode_prompt(const Tokenizer& tokenizer, std::string_view prompt,
                                        const PromptOptions& options = {});

}  // namespace circuit
