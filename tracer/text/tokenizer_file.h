// Reads a Hugging Face tokenizer.json into the stages that the tokenizer runs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "tracer/text/added_tokens.h"
#include "tracer/text/bpe.h"
#include "tracer/text/decoder.h"
#include "tracer/text/json_value.h"
#include "tracer/text/normalizer.h"
#include "tracer/text/pre_tokenizer.h"

namespace circuit {

struct TokenizerParts {
  Normalizer normalizer;
  AddedTokens added_tokens;
  PreTokenizer pre_tokenizer;
  Bpe model;
  DecoderOptions decoder;
  std::vector<std::int32_t> prefix;  ///< ids that the post-processor puts before a text
  std::vector<std::int32_t> suffix;  ///< and behind it
};

/// Throws std::runtime_error naming the file, the key and what was found there.
TokenizerParts read_tokenizer_file(const std::filesystem::path& file);

/// The stage `model` of the file; `model` is that member.
Bpe read_bpe(const JsonValue& model);

/// The stage `pre_tokenizer`; `root` is the whole file.
PreTokenizer read_pre_tokenizer(const JsonValue& root);

}  // namespace circuit
