#include "tracer/study/cell_planner.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "transcoders/weights/content_hash.h"

namespace circuit {
namespace {

using Json = nlohmann::json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

Json json_of(const std::optional<LayerRange>& layers) {
  return layers ? Json(layers_text(*layers)) : Json();
}

Json json_of(const EditPositions& positions) {
  return {positions.begin ? Json(*positions.begin) : Json(),
          positions.end ? Json(*positions.end) : Json(), positions.name};
}

Json json_of(const Intervention& intervention) {
  Json edits = Json::array(), swaps = Json::array();
  for (const FeatureEdit& edit : intervention.edits) {
    edits.push_back({edit.layer, edit.feature, json_of(edit.positions),
                     static_cast<int>(edit.operation), edit.value, edit.source,
                     edit.source_position});
  }
  for (const PositionSwap& swap : intervention.swaps) {
    swaps.push_back(
        {static_cast<int>(swap.kind), prompt_json(swap.from), swap.map, json_of(swap.layers)});
  }
  return {{"edits", edits},
          {"swaps", swaps},
          {"freeze", static_cast<int>(intervention.freeze)},
          {"constrained", json_of(intervention.constrained)}};
}

}  // namespace

CellPlanner::CellPlanner(const StudyFile& study, const StudyInputs& inputs,
                         const ChangeMaker& maker, const GraphCache& graphs,
                         const std::vector<std::int32_t>& answers, std::int64_t n_layers,
                         std::string common)
    : study_(study),
      inputs_(inputs),
      maker_(maker),
      graphs_(graphs),
      answers_(answers),
      n_layers_(n_layers),
      common_(std::move(common)) {}

PlannedCell CellPlanner::cell(const StudyUnit& unit, const StudyTry& of, StudyControl control,
                              std::uint64_t seed) const {
  PlannedCell cell{.name = {.prompt = inputs_.prompts[unit.from].id,
                            .pair = unit.pair_id,
                            .intervention = of.intervention ? of.intervention->name : "none",
                            .control = name_of(control),
                            .strength = of.strength,
                            .seed = seed},
                   .control = control,
                   .of = of,
                   .prompt = unit.from};
  MeasuredTokens tokens{.wanted = answers_[unit.wanted()]};
  if (unit.to) tokens.against = answers_[unit.from];
  cell.measured.push_back({name_of(control), tokens});
  return cell;
}

std::string CellPlanner::read_text(const std::set<std::size_t>& prompts) const {
  std::string text;
  for (const std::size_t prompt : prompts) text += graphs_.key(prompt);
  return text;
}

void CellPlanner::finish(PlannedCell& cell, const std::string& read) const {
  Json measured = Json::array();
  for (const MeasuredAnswer& answer : cell.measured) {
    measured.push_back({answer.control, answer.tokens.wanted, answer.tokens.against.value_or(-1)});
  }
  const CellName& name = cell.name;
  cell.key = text_hash(
      common_ + prompt_json(input_of(inputs_.prompts[cell.prompt])) +
      dump({{"name",
             {name.prompt, name.pair, name.intervention, name.control, name.strength, name.seed}},
            {"intervention", json_of(cell.intervention)},
            {"measured", measured},
            {"left_out", cell.left_out},
            {"read", read}}));
}

Intervention CellPlanner::intervention_of(const StudyTry& of, StudyChanges changes) const {
  Intervention intervention;
  intervention.edits = std::move(changes.edits);
  intervention.swaps = std::move(changes.swaps);
  intervention.freeze = of.intervention->freeze;
  intervention.constrained = of.intervention->constrained;
  return intervention;
}

void CellPlanner::add_unchanged(const StudyUnit& unit, std::vector<PlannedCell>& cells) const {
  PlannedCell clean = cell(unit, {}, StudyControl::kNone, study_.seed);
  if (unit.to) {
    clean.measured.push_back({"from_answer", {answers_[unit.from], answers_[*unit.to]}});
  }
  finish(clean, "");
  cells.push_back(std::move(clean));
  if (!unit.to) return;
  PlannedCell other = cell(unit, {}, StudyControl::kNone, study_.seed);
  other.prompt = *unit.to;
  other.name.control = "to_answer";
  other.measured = {{"to_answer", {answers_[*unit.to], answers_[unit.from]}}};
  finish(other, "");
  cells.push_back(std::move(other));
}

PlannedCell CellPlanner::wrong_concept(const StudyUnit& unit, const StudyTry& of) const {
  PlannedCell wrong = cell(unit, of, StudyControl::kWrongConcept, study_.seed);
  const auto third = maker_.third_prompt(*of.intervention, unit);
  if (!third || of.intervention->swap) {
    wrong.left_out = third ? "a swap has no wrong concept" : "there is no third prompt";
    finish(wrong, "");
    return wrong;
  }
  const Filling filling =
      unit.to ? Filling{unit.from, third} : Filling{.from = *third, .to = std::nullopt};
  StudyChanges changes = maker_.make(
      *of.intervention, of.strength, unit, filling,
      [&](std::size_t prompt) -> const std::vector<TracedFeature>& { return graphs_.at(prompt); });
  wrong.left_out = changes.problem;
  wrong.measured.push_back({"wrong_concept_answer", {answers_[*third], answers_[unit.from]}});
  const std::string read = read_text(changes.read);
  wrong.intervention = intervention_of(of, std::move(changes));
  finish(wrong, read);
  return wrong;
}

PlannedCell CellPlanner::swapped(const StudyUnit& unit, const StudyTry& of,
                                 StudyControl control) const {
  PlannedCell cell = this->cell(unit, of, control, study_.seed);
  auto map = maker_.places(*of.intervention, unit);
  if (map.empty()) {
    cell.left_out = "a place of the supernodes stands in one of the prompts alone";
  } else {
    const bool direct = control == StudyControl::kEmbedding;
    cell.intervention.freeze = direct ? Freeze::kAll : of.intervention->freeze;
    if (direct) cell.intervention.constrained = LayerRange{0, n_layers_ - 1};
    cell.intervention.swaps.push_back(
        {.kind = direct ? SwapKind::kEmbedding : SwapKind::kMlpOutputs,
         .from = input_of(inputs_.prompts[*unit.to]),
         .map = std::move(map),
         .layers = std::nullopt});
  }
  finish(cell, "");
  return cell;
}

void CellPlanner::add_controls(const StudyUnit& unit, const StudyTry& of, const PlannedCell& base,
                               const StudyChanges& changes, std::vector<PlannedCell>& cells) const {
  const std::string read = read_text(changes.read);
  for (const StudyControl control : study_.controls) {
    switch (control) {
      case StudyControl::kRandomMatched:
        for (std::uint64_t set = 0; set < kRandomSets; ++set) {
          PlannedCell random = cell(unit, of, control, study_.seed + set);
          random.intervention = base.intervention;
          random.left_out = base.left_out;
          finish(random, read);
          cells.push_back(std::move(random));
        }
        break;
      case StudyControl::kWrongConcept:
        cells.push_back(wrong_concept(unit, of));
        break;
      case StudyControl::kActivation: {
        PlannedCell active = cell(unit, of, control, study_.seed);
        active.intervention = base.intervention;
        active.left_out = base.left_out;
        finish(active, read);
        cells.push_back(std::move(active));
        break;
      }
      default:
        cells.push_back(swapped(unit, of, control));
    }
  }
}

std::vector<PlannedCell> CellPlanner::plan(const StudyUnit& unit,
                                           const std::vector<StudyTry>& tries,
                                           bool controls) const {
  std::vector<PlannedCell> cells;
  add_unchanged(unit, cells);
  for (const StudyTry& of : tries) {
    const StudyChanges changes =
        maker_.make(*of.intervention, of.strength, unit, {unit.from, unit.to},
                    [&](std::size_t prompt) -> const std::vector<TracedFeature>& {
                      return graphs_.at(prompt);
                    });
    PlannedCell base = cell(unit, of, StudyControl::kNone, study_.seed);
    base.left_out = changes.problem;
    base.intervention = intervention_of(of, changes);
    finish(base, read_text(changes.read));
    if (controls && !of.intervention->set.empty()) {
      add_controls(unit, of, base, changes, cells);
    }
    cells.push_back(std::move(base));
  }
  return cells;
}

std::set<std::size_t> CellPlanner::needed(const StudyUnit& unit, const std::vector<StudyTry>& tries,
                                          bool controls) const {
  std::set<std::size_t> prompts;
  for (const StudyTry& of : tries) {
    prompts.merge(maker_.needed(*of.intervention, unit, {unit.from, unit.to}));
    if (!controls || !study_.has(StudyControl::kWrongConcept)) continue;
    if (const auto third = maker_.third_prompt(*of.intervention, unit)) {
      const Filling filling =
          unit.to ? Filling{unit.from, third} : Filling{.from = *third, .to = std::nullopt};
      prompts.merge(maker_.needed(*of.intervention, unit, filling));
    }
  }
  return prompts;
}

}  // namespace circuit
