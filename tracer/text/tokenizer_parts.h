// The stages of a tokenizer, in the order in which they act on a text.
#pragma once

#include <cstdint>
#include <vector>

#include "tracer/text/added_tokens.h"
#include "tracer/text/decoder.h"
#include "tracer/text/normalizer.h"
#include "tracer/text/pre_tokenizer.h"
#include "tracer/text/token_model.h"

namespace circuit {

/// What a file of any kind is read into.
///
/// - Byte-level BPE: a step of the pre-tokenizer with a pattern and to_byte_characters,
///   bpe_from_merges, the decoder's byte_level.
/// - Llama-2's BPE: replace " " by "▁", prepend "▁", no pre-tokenizer, bpe_from_scores, a decoder
///   that replaces "▁" by " ", with byte_fallback. Gemma's: the same without prepend.
struct TokenizerParts {
  Normalizer normalizer;
  AddedTokens added_tokens;  ///< also those that the model's vocabulary holds
  PreTokenizer pre_tokenizer;
  TokenModel model;
  DecoderOptions decoder;
  std::vector<std::int32_t> prefix;  ///< ids put before a text, such as bos
  std::vector<std::int32_t> suffix;  ///< and behind it
};

}  // namespace circuit
