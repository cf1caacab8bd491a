#include "tracer/study/unit_runner.h"

#include <algorithm>
#include <exception>
#include <stdexcept>

#include "tracer/study/matched_changes.h"
#include "transcoders/weights/content_hash.h"

namespace circuit {

// The prompt as it is, read when it is first needed.
struct UnitRunner::Clean {
  PromptInput input;
  std::int64_t n_positions = 0;
  std::optional<StudyOutcome> outcome;  // with activations

  const StudyOutcome& read(StudyModel& model) {
    if (!outcome) outcome = std::move(model.outcomes(input, {Intervention{}}, true).front());
    return *outcome;
  }
};

UnitRunner::UnitRunner(const StudyFile& study, const StudyInputs& inputs, const Roles& roles,
                       const ChangeMaker& maker, const GraphCache& graphs, StudyModel& model,
                       CellStore& store, std::vector<StudyChange> watched)
    : study_(study),
      inputs_(inputs),
      roles_(roles),
      maker_(maker),
      graphs_(graphs),
      model_(model),
      store_(store),
      watched_(std::move(watched)) {}

std::string watched_metric(const StudyChange& feature) {
  return "activation " + std::to_string(feature.layer) + "_" + std::to_string(feature.feature) +
         "_" + std::to_string(feature.position);
}

void UnitRunner::run(const StudyUnit& unit, const std::vector<PlannedCell>& cells,
                     const CellFailed& failed) {
  std::map<std::size_t, std::vector<const PlannedCell*>> by_prompt;
  std::vector<Cell> left_out;
  for (const PlannedCell& cell : cells) {
    if (store_.has(cell.key)) continue;
    if (cell.left_out.empty()) {
      by_prompt[cell.prompt].push_back(&cell);
    } else {
      left_out.push_back({.key = cell.key, .name = cell.name, .left_out = cell.left_out});
    }
  }
  store_.add(left_out);
  for (const auto& [prompt, of_prompt] : by_prompt) run_prompt(unit, of_prompt, failed);
}

void UnitRunner::run_prompt(const StudyUnit& unit, const std::vector<const PlannedCell*>& cells,
                            const CellFailed& failed) {
  const std::size_t prompt = cells.front()->prompt;
  Clean clean{.input = input_of(inputs_.prompts[prompt]),
              .n_positions = roles_.n_positions(prompt),
              .outcome = std::nullopt};
  const std::size_t most = std::max<std::size_t>(1, model_.most_interventions(clean.input));
  std::vector<std::pair<const PlannedCell*, Intervention>> batch;
  for (const PlannedCell* const cell : cells) {
    try {
      std::string why;
      auto intervention = intervention_of(unit, *cell, clean, why);
      if (intervention) {
        batch.emplace_back(cell, std::move(*intervention));
      } else {
        store_.add({{.key = cell->key, .name = cell->name, .left_out = why}});
      }
    } catch (const std::exception& error) {
      failed(cell->name, error.what());
    }
    if (batch.size() < most) continue;
    run_batch(batch, clean, failed);
    batch.clear();
  }
  run_batch(batch, clean, failed);
}

std::optional<Intervention> UnitRunner::intervention_of(const StudyUnit& unit,
                                                        const PlannedCell& cell, Clean& clean,
                                                        std::string& why) {
  if (cell.control == StudyControl::kRandomMatched) return matched(cell, clean, why);
  if (cell.control != StudyControl::kActivation) return cell.intervention;
  StudyChanges changes = maker_.make_by_activation(
      *cell.of.intervention, cell.of.strength, unit,
      [&](std::size_t prompt) -> const std::vector<TracedFeature>& { return graphs_.at(prompt); },
      [&](std::int64_t layer, std::int64_t feature) { return write_norm(layer, feature); });
  why = changes.problem;
  if (!why.empty()) return std::nullopt;
  Intervention intervention = cell.intervention;  // what is held
  intervention.edits = std::move(changes.edits);
  return intervention;
}

std::optional<Intervention> UnitRunner::matched(const PlannedCell& cell, Clean& clean,
                                                std::string& why) {
  const std::vector<FiringFeature>& active = clean.read(model_).activations;
  const auto changes = changes_of(cell.intervention.edits, active, clean.n_positions,
                                  study_.trace.zero_positions.value_or(1));
  const std::string drawn =
      text_hash(cell.name.pair + " " + cell.name.prompt + " " + cell.name.intervention + " " +
                std::to_string(cell.name.seed));
  const auto random = random_changes(
      changes, active,
      [&](const std::vector<StudyChange>& some) { return model_.written_norm(some); },
      std::stoull(drawn, nullptr, 16));
  if (!random) {
    why = "no other feature fires at these places";
    return std::nullopt;
  }
  Intervention intervention = cell.intervention;
  intervention.edits = edits_of(*random);
  return intervention;
}

double UnitRunner::write_norm(std::int64_t layer, std::int64_t feature) {
  const auto found = norms_.find({layer, feature});
  if (found != norms_.end()) return found->second;
  const double norm =
      model_.written_norm({{.layer = layer, .position = 1, .feature = feature, .amount = 1}});
  norms_.emplace(std::pair{layer, feature}, norm);
  return norm;
}

void UnitRunner::run_batch(const std::vector<std::pair<const PlannedCell*, Intervention>>& batch,
                           Clean& clean, const CellFailed& failed) {
  if (batch.empty()) return;
  std::vector<Intervention> interventions;
  for (const auto& [cell, intervention] : batch) interventions.push_back(intervention);
  std::vector<Cell> cells;
  try {
    const auto outcomes = model_.outcomes(clean.input, interventions, /*activations=*/false);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      cells.push_back(finished(*batch[i].first, outcomes[i].logits, clean));
    }
  } catch (const std::exception& error) {
    if (batch.size() == 1) return failed(batch.front().first->name, error.what());
    for (const auto& one : batch) run_batch({one}, clean, failed);  // which of them it was
    return;
  }
  store_.add(cells);
}

Cell UnitRunner::finished(const PlannedCell& cell, const std::vector<float>& logits, Clean& clean) {
  const StudyOutcome& unchanged = clean.read(model_);
  Cell done{.key = cell.key, .name = cell.name, .left_out = ""};
  for (const MeasuredAnswer& answer : cell.measured) {
    for (const StudyMetric metric : study_.metrics) {
      done.values[answer.control][name_of(metric)] =
          measure(metric, logits, unchanged.logits, answer.tokens);
    }
  }
  if (cell.of.intervention != nullptr || !cell.name.control.empty()) return done;
  for (const StudyChange& feature : watched_) {
    const std::int64_t position =
        feature.position < 0 ? clean.n_positions + feature.position : feature.position;
    double& value = done.values[""][watched_metric(feature)] = 0;
    for (const FiringFeature& one : unchanged.activations) {
      if (one.layer != feature.layer || one.position != position) continue;
      if (one.feature == feature.feature) value = static_cast<double>(one.activation);
    }
  }
  return done;
}

}  // namespace circuit
