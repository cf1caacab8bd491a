// Unigram model: the segmentation of a word whose tokens' scores add up to the most.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tracer/text/prefix_tree.h"
#include "tracer/text/vocabulary.h"

namespace circuit {

struct UnigramPiece {
  std::int32_t id = 0;
  double score = 0;  ///< log probability
};

struct UnigramOptions {
  std::int32_t unknown_id = 0;
  double unknown_score = 0;    ///< of one character that no piece begins with
  bool byte_fallback = false;  ///< writes unknown characters as the tokens <0x00> to <0xFF>
  /// Sums are floats, as in SentencePiece; else doubles, as in Hugging Face's library.
  bool single_precision = false;
};

/// Immutable once built.
class Unigram {
 public:
  /// What SentencePiece and Hugging Face's library take off the lowest score for unknown_score.
  static constexpr double kUnknownPenalty = 10;

  /// `pieces` are the tokens that words may be made of, by their ids in `vocabulary`; other tokens
  /// (of bytes, control tokens) need none. Throws std::invalid_argument when a piece or unknown_id
  /// is no token or a score is not finite.
  Unigram(Vocabulary vocabulary, const std::vector<UnigramPiece>& pieces,
          const UnigramOptions& options);

  /// Appends the ids of `word`, valid UTF-8, to `ids`. Neighbouring unknown characters are one
  /// unknown token, unless written as bytes.
  void encode(std::string_view word, std::vector<std::int32_t>& ids) const;

  const Vocabulary& vocabulary() const { return vocabulary_; }
  std::optional<std::int32_t> unknown_id() const { return options_.unknown_id; }

 private:
  struct Step {
    double score = 0;          // of the best segmentation that ends here
    std::int32_t id = -1;      // its last token
    std::uint32_t length = 0;  // and that one's bytes, 0 when nothing ends here
  };

  std::vector<Step> find_best_steps(std::string_view word) const;
  void append_unknown(std::string_view text, std::vector<std::int32_t>& ids) const;

  Vocabulary vocabulary_;
  UnigramOptions options_;
  PrefixTree pieces_;                         // values are ids
  std::vector<double> scores_;                // by id
  std::array<std::int32_t, 256> fallback_{};  // ids of <0x00> to <0xFF>, -1 for none
};

}  // namespace circuit
