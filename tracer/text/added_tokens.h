// The added tokens of a tokenizer.json: found in the text before anything else happens to it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tracer/text/normalizer.h"
#include "tracer/text/prefix_tree.h"

namespace circuit {

struct AddedToken {
  std::int32_t id = 0;
  std::string content = {};
  bool single_word = false;    ///< only between characters that are not part of a word
  bool lstrip = false;         ///< takes the white space before it
  bool rstrip = false;         ///< takes the white space behind it
  bool is_normalized = false;  ///< is looked for in normalized text
  bool is_special = false;
};

/// A part of a text: an added token (id >= 0) or the text between two.
struct TextPiece {
  std::string_view text;
  std::int32_t id = -1;
};

class AddedTokens {
 public:
  /// Throws std::invalid_argument when a content is empty, also once normalized.
  AddedTokens(std::vector<AddedToken> tokens, const Normalizer& normalizer);

  /// The parts of `text`, in order, none of them empty text; leftmost and then longest tokens
  /// win. Tokens of normalized text are looked for only if `is_normalized`, others only if not.
  std::vector<TextPiece> split(std::string_view text, bool is_normalized) const;

  /// Null when `id` is no added token; the first given where several have this id.
  const AddedToken* find(std::int32_t id) const;
  const AddedToken* find(std::string_view content) const;
  const std::vector<AddedToken>& tokens() const { return tokens_; }

 private:
  std::vector<AddedToken> tokens_;
  PrefixTree raw_;  // contents; values are indices of tokens_
  PrefixTree normalized_;
};

}  // namespace circuit
