// Cuts words of BPE into parts that may be merged alone, so that texts without a pre-tokenizer,
// as Gemma's and Llama 2's, are merged word by word all the same.
#pragma once

#include <cstddef>
#include <string_view>

#include "tracer/text/bpe.h"
#include "tracer/text/character_pairs.h"

namespace circuit {

/// Between two characters that are neighbours in no token nothing ever merges. Immutable once
/// built.
class WordSections {
 public:
  /// Costs a pass over the vocabulary. Requires bpe.joins_texts_only().
  explicit WordSections(const Bpe& bpe);

  /// The end of the section of `word`, valid UTF-8, that begins at `begin`: 0 or such an end.
  /// `bpe` is the one that this was made of.
  std::size_t end(const Bpe& bpe, std::string_view word, std::size_t begin) const;

 private:
  CharacterPairs neighbours_;  // inside of tokens
};

}  // namespace circuit
