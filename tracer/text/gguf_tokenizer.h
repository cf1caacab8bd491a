// Reads the tokenizer that a GGUF file carries in its keys: byte-level BPE (`gpt2`) and
// SentencePiece's BPE (`llama`). Non-goals: the Unigram, WordPiece and RWKV models of that format.
#pragma once

#include <optional>
#include <string>

#include "tracer/text/special_tokens.h"
#include "tracer/text/tokenizer_parts.h"
#include "transcoders/weights/gguf.h"

namespace circuit {

struct GgufTokenizer {
  TokenizerParts parts;
  SpecialTokenNames names;
};

/// Honours tokenizer.ggml.model, pre, tokens, token_type, merges or scores, add_space_prefix,
/// bos/eos/unknown/padding_token_id, add_bos_token and add_eos_token. Throws std::runtime_error
/// `[load_tokenizer] FILE: …` for a model or pre that is not known (naming those that are), and
/// for lists that do not fit each other.
GgufTokenizer read_gguf_tokenizer(const GgufFile& file);

/// The kind in a few words, from the keys: "gpt2, split as smollm".
std::string describe_gguf_tokenizer(const GgufFile& file);

/// tokenizer.chat_template, a text in Jinja's language.
std::optional<std::string> read_gguf_chat_template(const GgufFile& file);

}  // namespace circuit
