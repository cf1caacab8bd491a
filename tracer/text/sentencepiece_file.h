// Reads a SentencePiece model (tokenizer.model) into the stages that the tokenizer runs.
#pragma once

#include <filesystem>

#include "tracer/text/special_tokens.h"
#include "tracer/text/tokenizer_parts.h"

namespace circuit {

struct SentencePieceTokenizer {
  TokenizerParts parts;
  SpecialTokenNames names;
};

/// With the tokenizer_config.json beside it. Without one the ids are those of SentencePiece, behind
/// the model's own bos. Throws std::runtime_error naming the file and what was found there.
SentencePieceTokenizer read_sentencepiece_file(const std::filesystem::path& file);

}  // namespace circuit
