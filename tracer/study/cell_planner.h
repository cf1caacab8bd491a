// The cells of one prompt or pair: what is to be run, with keys that say whether it has been.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tracer/study/cell.h"
#include "tracer/study/graph_cache.h"
#include "tracer/study/metrics.h"
#include "tracer/study/study_changes.h"

namespace circuit {

/// An intervention at one strength.
struct StudyTry {
  const StudyIntervention* intervention = nullptr;
  double strength = 0;
};

/// Rows of a run that are about one answer.
struct MeasuredAnswer {
  std::string control;  ///< as in `results.csv`
  MeasuredTokens tokens;
};

struct PlannedCell {
  CellName name;
  std::string key;
  std::string left_out;  ///< why it is not run; empty = it is
  StudyControl control = StudyControl::kNone;
  StudyTry of;             ///< null intervention: the model as it is
  std::size_t prompt = 0;  ///< that is run
  std::vector<MeasuredAnswer> measured;
  /// What is done; of kRandomMatched what is to be matched, of kActivation nothing yet.
  Intervention intervention;
};

/// How many random sets stand beside an intervention.
inline constexpr std::uint64_t kRandomSets = 20;

class CellPlanner {
 public:
  /// `answers` are the first tokens of the prompts' answers. Everything passed outlives it.
  CellPlanner(const StudyFile& study, const StudyInputs& inputs, const ChangeMaker& maker,
              const GraphCache& graphs, const std::vector<std::int32_t>& answers,
              std::int64_t n_layers, std::string common);

  /// The model as it is, each try, and with `controls` the study's controls of it.
  std::vector<PlannedCell> plan(const StudyUnit& unit, const std::vector<StudyTry>& tries,
                                bool controls) const;
  /// The graphs that `plan` takes.
  std::set<std::size_t> needed(const StudyUnit& unit, const std::vector<StudyTry>& tries,
                               bool controls) const;

 private:
  PlannedCell cell(const StudyUnit& unit, const StudyTry& of, StudyControl control,
                   std::uint64_t seed) const;
  void add_unchanged(const StudyUnit& unit, std::vector<PlannedCell>& cells) const;
  void add_controls(const StudyUnit& unit, const StudyTry& of, const PlannedCell& base,
                    const StudyChanges& changes, std::vector<PlannedCell>& cells) const;
  PlannedCell wrong_concept(const StudyUnit& unit, const StudyTry& of) const;
  PlannedCell swapped(const StudyUnit& unit, const StudyTry& of, StudyControl control) const;
  Intervention intervention_of(const StudyTry& of, StudyChanges changes) const;
  void finish(PlannedCell& cell, const std::string& read) const;
  std::string read_text(const std::set<std::size_t>& prompts) const;

  const StudyFile& study_;
  const StudyInputs& inputs_;
  const ChangeMaker& maker_;
  const GraphCache& graphs_;
  const std::vector<std::int32_t>& answers_;
  std::int64_t n_layers_;
  std::string common_;
};

}  // namespace circuit
