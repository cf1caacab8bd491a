// What `--set` says: which features are given another value, where, and which value
// (docs/formats.md, Interventions on the command line).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracer/text/positions.h"

namespace circuit {

/// Positions as they are written, before the length of the prompt is known.
struct EditPositions {
  /// Negative = counted from the prompt's end; nothing = a named place.
  std::optional<std::int64_t> begin;
  std::optional<std::int64_t> end;  ///< one behind the last; nothing = goes on while generating
  std::string name;                 ///< of a named place
};

struct FeatureEdit {
  enum class Operation : std::uint8_t {
    kSet,
    kScale,
    kAdd,
    kMean,  ///< its mean activation over the positions of the prompts of a file
    kFrom,  ///< its activation at a position of another text
  };

  std::int64_t layer = 0;
  std::int64_t feature = 0;
  EditPositions positions;
  Operation operation = Operation::kSet;
  double value = 0;
  std::string source;                ///< of kMean the file, of kFrom the text
  std::int64_t source_position = 0;  ///< of kFrom; negative = counted from the end
  std::string text;                  ///< as given
};

/// `L_F_P=V`, `=xM`, `+=V`, `=mean:FILE`, `=from:TEXT@P`; P: `7`, `-1`, `3..5` (both in it), `3..`,
/// `*`, or the name of a place. Throws std::invalid_argument that quotes the text and says what was
/// expected.
FeatureEdit parse_feature_edit(std::string_view text);

/// P alone, as in a feature's node. Throws std::invalid_argument that quotes `text`.
EditPositions parse_positions(std::string_view text, std::string_view positions);

/// Positions [begin, end) of a prompt, end = the largest number when it goes on.
struct EditRange {
  std::int64_t begin = 0, end = 0;

  bool contains(std::int64_t position) const { return begin <= position && position < end; }
};

/// Throws std::invalid_argument when the prompt has no such position, and for the first
/// `zero_positions`, whose features are not part of anything. `*` begins behind them.
EditRange resolve(const FeatureEdit& edit, std::int64_t n_positions, const NamedPositions& named,
                  std::int64_t zero_positions);
/// The same of positions alone; `option` is quoted in messages, as in `--set '…'`.
EditRange resolve(const EditPositions& positions, const std::string& option,
                  std::int64_t n_positions, const NamedPositions& named,
                  std::int64_t zero_positions);

/// A line for every two edits that give one feature a value at one position; the later one wins.
std::vector<std::string> find_overlaps(const std::vector<FeatureEdit>& edits,
                                       const std::vector<EditRange>& ranges);

}  // namespace circuit
