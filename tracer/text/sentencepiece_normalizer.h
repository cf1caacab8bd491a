// SentencePiece's normalizer: its table of characters, and what becomes of spaces.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracer/text/charsmap.h"
#include "tracer/text/prefix_tree.h"

namespace circuit {

struct SentencePieceRules {
  std::string charsmap = {};             ///< the table's bytes; empty for none
  std::vector<std::string> kept = {};    ///< texts that the table leaves alone
  bool add_dummy_prefix = true;          ///< puts a space in front
  bool remove_extra_whitespaces = true;  ///< at both ends, and of several but one
};

/// May be used from several threads at once.
class SentencePieceNormalizer {
 public:
  /// Throws std::invalid_argument when the table is damaged.
  explicit SentencePieceNormalizer(const SentencePieceRules& rules);

  /// Spaces become "▁". Requires valid UTF-8.
  std::string normalize(std::string_view text) const;

 private:
  struct Prefix {
    std::size_t length = 0;  // bytes of the text
    std::string_view replacement;
  };
  Prefix normalize_prefix(std::string_view text) const;

  std::optional<Charsmap> charsmap_;
  PrefixTree kept_;
  bool add_dummy_prefix_;
  bool remove_extra_whitespaces_;
};

}  // namespace circuit
