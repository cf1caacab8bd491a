// What the cells of a study say together: one row a group, intervention, control, strength and
// metric, with its interval; what was chosen; what may be claimed.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "tracer/study/cell.h"
#include "tracer/study/study_file.h"
#include "tracer/study/study_inputs.h"

namespace circuit {

/// A finished cell and the prompt or pair that it is of.
struct FinishedCell {
  const StudyUnit* unit = nullptr;
  const Cell* cell = nullptr;
};

struct SummaryRow {
  std::vector<std::string> group;  ///< values of `summary_columns`
  std::string intervention, control;
  double strength = 0;
  std::string metric;
  std::size_t n = 0;         ///< prompts or pairs
  std::size_t clusters = 0;  ///< 0 = no `cluster` is named
  double estimate = 0, low = 0, high = 0;

  bool operator==(const SummaryRow&) const = default;
};

/// Fewer clusters than this claim nothing.
inline constexpr std::size_t kFewestClusters = 30;

/// With `choose`, the split, then `group_by`.
std::vector<std::string> summary_columns(const StudyFile& study);

/// Ascending by all that names a row. A unit's value is the mean over its random sets; values that
/// are not finite do not count.
std::vector<SummaryRow> summarise(const StudyFile& study, const StudyInputs& inputs,
                                  const std::vector<FinishedCell>& cells);

/// Of a group, by its values of `group_by`.
struct ChosenTry {
  std::vector<std::string> group;
  std::string intervention;
  double strength = 0;
  double score = 0;
};

/// By the rows of the split that it is chosen on. A group without any row is left out.
std::vector<ChosenTry> choose_tries(const StudyFile& study, const std::vector<SummaryRow>& rows);

struct Claim {
  std::vector<std::string> group;
  std::string intervention;
  double strength = 0;
  const SummaryRow* row = nullptr;
  std::string verdict;  ///< one sentence
  bool holds = false;
};

/// One of every row of the threshold's metric without a control, with `choose` of the split that is
/// reported. `rows` outlives it. Empty without a threshold.
std::vector<Claim> judge(const StudyFile& study, const std::vector<SummaryRow>& rows);

/// `results.csv` and `summary.csv`.
std::string results_csv(const StudyInputs& inputs, std::vector<FinishedCell> cells);
std::string summary_csv(const StudyFile& study, const std::vector<SummaryRow>& rows);

}  // namespace circuit
