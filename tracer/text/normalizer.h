// The normalizer of a tokenizer.json: what is done to the characters before splitting.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tracer/text/sentencepiece_normalizer.h"

namespace circuit {

struct NormalizerStep {
  enum class Kind {
    kNfc,
    kNfd,
    kNfkc,
    kNfkd,
    kLowercase,
    kPrepend,
    kReplace,
    kReplaceMatches,  ///< of a regular expression
    kStripLeft,       ///< white space
    kStripRight,
    kCharsmap,       ///< SentencePiece's table, applied as Hugging Face's library does
    kSentencePiece,  ///< all that SentencePiece does, as it does it
  };
  Kind kind = Kind::kNfc;
  std::string pattern;  ///< replace: what is looked for, not empty
  std::string content;  ///< replace and prepend: what is put in; charsmap: the table's bytes
  SentencePieceRules rules = {};
};

/// May be used from several threads at once.
class Normalizer {
 public:
  /// Throws std::invalid_argument when a regular expression or a table is damaged.
  explicit Normalizer(std::vector<NormalizerStep> steps);
  Normalizer(Normalizer&&) noexcept;
  Normalizer& operator=(Normalizer&&) noexcept;
  ~Normalizer();

  bool changes_nothing() const;
  /// Whether the first character of a normalized text may come from behind the text's first.
  bool may_drop_beginning() const;
  /// Applies the steps in order. Requires valid UTF-8; an empty text stays empty. Throws
  /// std::invalid_argument when there are 2 GiB of text to compose.
  std::string normalize(std::string_view text) const;

 private:
  struct Stage;
  struct Impl;

  static std::string apply(const Stage& stage, const std::string& text);

  std::unique_ptr<const Impl> impl_;
};

/// `text` with each `pattern` replaced from left to right; nothing happens when it is empty.
std::string replace_all(std::string_view text, std::string_view pattern, std::string_view content);

}  // namespace circuit
