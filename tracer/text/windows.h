// Long texts as pieces that a model can read.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tracer/text/prompt.h"
#include "tracer/text/tokenizer.h"

namespace circuit {

/// Every text by itself, in pieces of at most `length` ids that follow each other; each begins with
/// the special token with which the text begins (docs/method.md, Prompts), if it does. Pieces of
/// fewer than 2 ids are left out; no more is read once `most_ids` are there (0 = all). Throws
/// std::invalid_argument for a length below 2 and as `encode_prompt` does.
std::vector<std::vector<std::int32_t>> windows_of(const Tokenizer& tokenizer,
                                                  std::span<const std::string> texts,
                                                  const PromptOptions& start, std::int64_t length,
                                                  std::int64_t most_ids);

}  // namespace circuit
