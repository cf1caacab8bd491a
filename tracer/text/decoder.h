// The decoder of a tokenizer.json: the bytes that a token stands for.
#pragma once

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
};

/// `token` is the text in the vocabulary; of an added token `is_added` keeps its characters as
/// they are, because they were found in plain text.
std::string decode_token(std::string_view token, bool is_added, const DecoderOptions& options);

}  // namespace circuit
