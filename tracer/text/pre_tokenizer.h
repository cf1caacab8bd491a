// The pre-tokenizer of a tokenizer.json: splits normalized text into the words that BPE merges
// within.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracer/text/regex.h"

namespace circuit {

/// What happens to the matches of a pattern; the names are those of the file.
enum class SplitBehavior { kIsolated, kRemoved, kMergedWithPrevious, kMergedWithNext, kContiguous };

/// Every kind of pre-tokenizer is a case of this one; fields act in this order.
struct PreTokenizerStep {
  bool add_prefix_space = false;  ///< puts a space before text that does not begin with one
  std::optional<Regex> pattern;   ///< splits; without it text stays whole
  SplitBehavior behavior = SplitBehavior::kIsolated;
  bool is_inverted = false;         ///< treats what lies between the matches as the matches
  bool to_byte_characters = false;  ///< then writes each byte as its byte-level character
};

class PreTokenizer {
 public:
  explicit PreTokenizer(std::vector<PreTokenizerStep> steps);

  /// Whether words still are plain text whose bytes have to be written as byte-level characters:
  /// the last step's own conversion is left to the caller, who needs it for new words only.
  bool leaves_bytes() const { return leaves_bytes_; }

  /// The words of `text`, in order; they look into `text` or into strings added to `storage`.
  /// Requires valid UTF-8.
  std::vector<std::string_view> split(std::string_view text,
                                      std::deque<std::string>& storage) const;

 private:
  std::vector<PreTokenizerStep> steps_;
  bool leaves_bytes_ = false;
};

}  // namespace circuit
