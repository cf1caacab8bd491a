// The decoder of a tokenizer.json: the bytes that a token stands for.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace circuit {

struct DecoderOptions {
  /// One character each, and what it becomes.
  std::vector<std::pair<std::string, std::string>> replacements = {};
  bool byte_fallback = false;  ///< <0x00> to <0xFF> stand for bytes
  bool byte_level = false;     ///< characters stand for bytes
  /// One character that the first token of a text loses wherever it stands there; empty for none.
  std::string dropped_from_first = {};
  /// One character that a whole text loses at its ends, up to so many times.
  std::string stripped = {};
  std::size_t strip_left = 0;
  std::size_t strip_right = 0;
};

/// What a token stands for inside a text. `token` is the text in the vocabulary; of an added token
/// `is_added` keeps its characters as they are, because they were found in plain text.
std::string decode_token(std::string_view token, bool is_added, const DecoderOptions& options);

/// The part of a whole decoded text that is left at its ends.
std::string_view strip_decoded(std::string_view text, const DecoderOptions& options);

}  // namespace circuit
