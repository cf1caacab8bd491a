// The names by which GGUF files say how text is split before byte-level BPE.
#pragma once

#include <span>
#include <string_view>

namespace circuit {

struct GgufPreTokenizer {
  std::string_view name;  ///< the value of tokenizer.ggml.pre
  /// In Oniguruma's syntax; each splits what the ones before left whole.
  std::span<const std::string_view> patterns;
  bool ignore_merges = false;  ///< a whole word that is a token is taken as that token
  bool adds_bos = false;       ///< where tokenizer.ggml.add_bos_token is missing
  bool composes = false;       ///< text is normalized to NFC first
};

/// Null for a name that is not known.
const GgufPreTokenizer* find_gguf_pre_tokenizer(std::string_view name);
/// Every name, in the order of the table.
std::span<const GgufPreTokenizer> gguf_pre_tokenizers();

}  // namespace circuit
