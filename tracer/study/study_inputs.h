// What a study is about: its prompts, and which of them (or which pairs) are tested.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracer/study/study_file.h"
#include "tracer/text/prompt_file.h"

namespace circuit {

/// One prompt that is run, and the prompt whose answer is wanted where it is another.
struct StudyUnit {
  std::string pair_id;  ///< empty without pairs
  std::size_t from = 0;
  std::optional<std::size_t> to;
  std::string split;                              ///< the pair's, else the prompt's
  std::map<std::string, std::string> pair_texts;  ///< what else its line says

  std::size_t wanted() const { return to.value_or(from); }
};

struct StudyInputs {
  std::vector<PromptEntry> prompts;             ///< those that `where` leaves
  std::vector<StudyUnit> units;                 ///< in the order of the file, `limit` obeyed
  std::map<std::string, std::size_t> left_out;  ///< why -> pairs
  std::vector<std::string> warnings;
};

/// Reads the files. Throws std::runtime_error `[read_prompts] …`, `[read_pairs] …`, `[read_table]
/// …`, or `[read_study] …` when nothing is left to test, a tested prompt has no answer, or keys of
/// `report`, `set` and `select` are none that the tested prompts have.
StudyInputs read_study_inputs(const StudyFile& study);

/// Whether the prompt has one of the values of every key.
bool fits(const PromptEntry& prompt, const FieldFilter& filter);

/// `from.KEY`, `to.KEY` or KEY (of `from`; `split` is the unit's), or `pair.KEY`, another text of
/// the pair's line. Empty where there is none.
std::string key_of(const StudyInputs& inputs, const StudyUnit& unit, std::string_view key);

}  // namespace circuit
