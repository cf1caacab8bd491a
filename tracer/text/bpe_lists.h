// BPE models from lists by id, as GGUF and SentencePiece files hold them.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "tracer/text/bpe.h"

namespace circuit {

/// `tokens[id]` is a token's text; an empty one leaves the id without a token. Throws
/// std::invalid_argument when there are too many or two are equal.
Vocabulary vocabulary_from_list(std::span<const std::string_view> tokens);

/// `merges` are "left right", first comes first. Throws std::invalid_argument when one is damaged.
Bpe bpe_from_merges(std::span<const std::string_view> tokens,
                    std::span<const std::string_view> merges, const BpeOptions& options);

struct ScoredToken {
  std::string_view text;
  float score = 0;
  /// Normal and user-defined tokens; control tokens, the unknown one and those of bytes are not
  /// made by merging.
  bool is_merged = true;
};

/// SentencePiece's BPE: neighbours whose texts together are a token become that token, highest
/// score first, leftmost among equals. Tokens are reached from tokens only, so one with a
/// character that is no token itself is never made. Throws std::invalid_argument when a score is
/// not a number, or as vocabulary_from_list.
Bpe bpe_from_scores(std::span<const ScoredToken> tokens, const BpeOptions& options);

}  // namespace circuit
