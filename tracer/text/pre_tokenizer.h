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
  std::string space = {};        ///< replaces " "; empty leaves it
  std::string prefix = {};       ///< is put before text that does not begin with it
  bool repeats_prefix = false;   ///< and before text that does
  bool prefixes_all = true;      ///< else only at the beginning of the whole text
  std::optional<Regex> pattern;  ///< splits; without it text stays whole
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
  /// `is_beginning`: of the whole text, with nothing left out before it. Requires valid UTF-8.
  std::vector<std::string_view> split(std::string_view text, bool is_beginning,
                                      std::deque<std::string>& storage) const;
  /// Whether `is_beginning` matters.
  bool asks_for_beginning() const;

 private:
  std::vector<PreTokenizerStep> steps_;
  bool leaves_bytes_ = false;
};

}  // namespace circuit
