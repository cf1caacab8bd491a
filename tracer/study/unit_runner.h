// Runs the cells of one prompt or pair that are not finished.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tracer/study/cell_planner.h"
#include "tracer/study/cell_store.h"
#include "tracer/study/study_model.h"

namespace circuit {

/// A cell that failed and why.
using CellFailed = std::function<void(const CellName&, const std::string&)>;

class UnitRunner {
 public:
  /// `watched` are features (layer, position, feature) whose activations in the unchanged prompt
  /// are recorded, under names that `watched_metric` gives; negative positions count from the end.
  /// Everything passed outlives it.
  UnitRunner(const StudyFile& study, const StudyInputs& inputs, const Roles& roles,
             const ChangeMaker& maker, const GraphCache& graphs, StudyModel& model,
             CellStore& store, std::vector<StudyChange> watched);

  /// As many at once as the model has memory for; each batch is stored before the next is run.
  void run(const StudyUnit& unit, const std::vector<PlannedCell>& cells, const CellFailed& failed);

 private:
  struct Clean;

  void run_prompt(const StudyUnit& unit, const std::vector<const PlannedCell*>& cells,
                  const CellFailed& failed);
  /// Empty where the cell could not be made; `why` says why.
  std::optional<Intervention> intervention_of(const StudyUnit& unit, const PlannedCell& cell,
                                              Clean& clean, std::string& why);
  std::optional<Intervention> matched(const PlannedCell& cell, Clean& clean, std::string& why);
  void run_batch(const std::vector<std::pair<const PlannedCell*, Intervention>>& batch,
                 Clean& clean, const CellFailed& failed);
  Cell finished(const PlannedCell& cell, const std::vector<float>& logits, Clean& clean);
  double write_norm(std::int64_t layer, std::int64_t feature);

  const StudyFile& study_;
  const StudyInputs& inputs_;
  const Roles& roles_;
  const ChangeMaker& maker_;
  const GraphCache& graphs_;
  StudyModel& model_;
  CellStore& store_;
  std::vector<StudyChange> watched_;
  std::map<std::pair<std::int64_t, std::int64_t>, double> norms_;
};

std::string watched_metric(const StudyChange& feature);

}  // namespace circuit
