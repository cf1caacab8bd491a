// What tokenizer_config.json says of a tokenizer.model: what transformers' own code does around it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tracer/text/added_tokens.h"

namespace circuit {

struct SentencePieceSettings {
  std::string tokenizer_class = {};
  std::optional<bool> add_bos_token = {};
  std::optional<bool> add_eos_token = {};
  bool legacy = true;            ///< a space in front of each text between added tokens
  bool add_prefix_space = true;  ///< where not legacy: in front of the whole text
  std::vector<AddedToken> added_tokens = {};
};

/// Defaults where `folder` has no such file. Throws std::runtime_error when it is damaged.
SentencePieceSettings read_sentencepiece_settings(const std::filesystem::path& folder);

}  // namespace circuit
