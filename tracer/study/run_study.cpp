#include "tracer/study/run_study.h"

#include <algorithm>
#include <array>
#include <deque>
#include <exception>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "export/text/output_text.h"
#include "tracer/study/cell_planner.h"
#include "tracer/study/cell_store.h"
#include "tracer/study/graph_cache.h"
#include "tracer/study/study_changes.h"
#include "tracer/study/study_folder.h"
#include "tracer/study/study_page.h"
#include "tracer/study/study_plots.h"
#include "tracer/study/summary.h"
#include "tracer/study/unit_runner.h"
#include "transcoders/weights/content_hash.h"

namespace circuit {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(2, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
}

// One intervention for every range of layers where `layers: each` stands.
void expand_ranges(StudyFile& study, std::int64_t n_layers) {
  std::vector<StudyIntervention> expanded;
  for (const StudyIntervention& one : study.interventions) {
    if (!one.swap || !one.swap->each_range) {
      expanded.push_back(one);
      continue;
    }
    for (std::int64_t first = 0; first < n_layers; ++first) {
      for (std::int64_t last = first; last < n_layers; ++last) {
        StudyIntervention& of_range = expanded.emplace_back(one);
        of_range.swap->layers = LayerRange{first, last};
        of_range.swap->each_range = false;
        of_range.name += " " + layers_text(*of_range.swap->layers);
        if (!study.report.choose) continue;
        std::vector<std::string>& among = study.report.choose->among;
        if (std::ranges::find(among, one.name) != among.end()) among.push_back(of_range.name);
      }
    }
  }
  study.interventions = std::move(expanded);
}

std::vector<StudyChange> watched_features(const StudyFile& study) {
  std::vector<StudyChange> features;
  for (const StudyPlot& plot : study.report.plots) {
    if (plot.kind != StudyPlot::Kind::kHeat) continue;
    if (const auto feature = watched_feature(plot.series)) features.push_back(*feature);
  }
  return features;
}

void check_layers(const StudyFile& study, std::int64_t n_layers) {
  const auto check = [&](const std::optional<LayerRange>& layers, const std::string& what) {
    if (!layers || layers->last < n_layers) return;
    throw std::runtime_error("[study] " + what + " names layers " + layers_text(*layers) +
                             ", the model has layers 0.." + std::to_string(n_layers - 1));
  };
  for (const StudySupernode& node : study.supernodes) {
    if (node.select) check(node.select->layers, "supernode " + node.name);
  }
  for (const StudyIntervention& one : study.interventions) {
    check(one.constrained, "intervention " + one.name);
    if (one.swap) check(one.swap->layers, "intervention " + one.name);
  }
}

class Run {
 public:
  Run(StudyFile study, StudyModel& model, const StudyRunOptions& options)
      : options_(options),
        folder_(options.folder),
        model_(model),
        study_(expanded(std::move(study), model)),
        store_(options.folder),
        inputs_(read_study_inputs(study_)),
        answers_(find_answers()),
        roles_(inputs_.prompts, roles_of(study_), encode()),
        maker_(study_, inputs_, roles_, options.force ? "" : model.transcoders_hash()),
        graphs_(options.folder / "graphs", study_, inputs_.prompts, model),
        planner_(study_, inputs_, maker_, graphs_, answers_, model.n_layers(), common()),
        runner_(study_, inputs_, roles_, maker_, graphs_, model, store_, watched_features(study_)) {
    for (const std::string& warning : inputs_.warnings) warn(warning);
  }

  StudyRunReport run() {
    folder_.remove_partial_files();
    folder_.write("study.resolved.yaml", resolved_study(study_));
    std::vector<StudyTry> all;
    for (const StudyIntervention& one : study_.interventions) {
      for (const double strength : one.strengths) all.push_back({&one, strength});
    }
    if (!study_.report.choose) {
      run_units(inputs_.units, "study", true, [&](const StudyUnit&) { return all; });
    } else {
      choose_and_report(all);
    }
    return write_all();
  }

 private:
  using Tries = std::function<std::vector<StudyTry>(const StudyUnit&)>;

  static StudyFile expanded(StudyFile study, StudyModel& model) {
    check_layers(study, model.n_layers());
    expand_ranges(study, model.n_layers());
    return study;
  }

  Encode encode() {
    return [this](const PromptInput& input) { return model_.encode(input); };
  }

  void warn(const std::string& line) const {
    if (options_.warn) options_.warn(line);
  }

  // The first tokens of answers; pairs for which they are the same are left out.
  std::vector<std::int32_t> find_answers() {
    std::vector<std::int32_t> answers;
    std::size_t longer = 0;
    for (const PromptEntry& prompt : inputs_.prompts) {
      if (!prompt.answer || prompt.answer->empty()) {
        answers.push_back(-1);
        continue;
      }
      const auto ids = model_.encode({.prompt = *prompt.answer, .bos = "none"});
      answers.push_back(ids.front());
      longer += ids.size() > 1;
    }
    if (longer > 0) {
      warn(std::to_string(longer) + " answers are more than one token: the first is measured");
    }
    const auto same = std::erase_if(inputs_.units, [&](const StudyUnit& unit) {
      return unit.to && answers[unit.from] == answers[*unit.to];
    });
    if (same > 0) inputs_.left_out["equal answers"] += same;
    return answers;
  }

  std::string common() const {
    Json metrics = Json::array();
    for (const StudyMetric metric : study_.metrics) metrics.push_back(name_of(metric));
    Json watched = Json::array();
    for (const StudyChange& one : watched_features(study_)) watched.push_back(watched_metric(one));
    return Json({{"version", options_.version},
                 {"model", model_.model_hash()},
                 {"transcoders", model_.transcoders_hash()},
                 {"zero_positions", study_.trace.zero_positions.value_or(-1)},
                 {"metrics", metrics},
                 {"watched", watched}})
        .dump();
  }

  void progress(const char* stage, std::size_t done, std::size_t total) const {
    if (!options_.progress) return;
    options_.progress(stage, static_cast<std::int64_t>(done), static_cast<std::int64_t>(total));
  }

  std::vector<StudyUnit> units_of_split(const std::string& split) const {
    std::vector<StudyUnit> units;
    for (const StudyUnit& unit : inputs_.units) {
      if (unit.split == split) units.push_back(unit);
    }
    return units;
  }

  void choose_and_report(const std::vector<StudyTry>& all) {
    const StudyChoice& choice = *study_.report.choose;
    std::vector<StudyTry> tries;
    for (const StudyTry& one : all) {
      if (choice.among.empty() ||
          std::ranges::find(choice.among, one.intervention->name) != choice.among.end()) {
        tries.push_back(one);
      }
    }
    run_units(units_of_split(choice.on), "choose", false, [&](const StudyUnit&) { return tries; });
    chosen_ = choose_tries(study_, summarise(study_, inputs_, cells_));
    run_units(units_of_split(choice.report), "report", true,
              [&](const StudyUnit& unit) { return chosen_for(unit, tries); });
  }

  std::vector<StudyTry> chosen_for(const StudyUnit& unit, const std::vector<StudyTry>& tries) {
    std::vector<std::string> group;
    const std::vector<std::string> columns = summary_columns(study_);
    for (std::size_t i = 1; i < columns.size(); ++i) {  // the first is the split
      group.push_back(key_of(inputs_, unit, columns[i]));
    }
    for (const ChosenTry& chosen : chosen_) {
      if (chosen.group != group) continue;
      for (const StudyTry& one : tries) {
        if (one.intervention->name == chosen.intervention && one.strength == chosen.strength) {
          return {one};
        }
      }
    }
    ++inputs_.left_out["nothing was chosen for its group"];
    return {};
  }

  void run_units(const std::vector<StudyUnit>& units, const char* stage, bool controls,
                 const Tries& tries_of) {
    // Kept: cells point to them.
    const std::vector<StudyUnit>& kept = units_.emplace_back(units);
    std::vector<std::vector<StudyTry>> tries;
    std::set<std::size_t> graphs;
    for (const StudyUnit& unit : kept) {
      tries.push_back(tries_of(unit));
      graphs.merge(planner_.needed(unit, tries.back(), controls));
    }
    std::size_t done = 0;
    for (const std::size_t prompt : graphs) {
      progress("trace", done++, graphs.size());
      graphs_.load(prompt);
    }
    for (std::size_t i = 0; i < kept.size(); ++i) {
      progress(stage, i, kept.size());
      run_unit(kept[i], tries[i], controls);
    }
  }

  void run_unit(const StudyUnit& unit, const std::vector<StudyTry>& tries, bool controls) {
    std::vector<PlannedCell> planned;
    try {
      planned = planner_.plan(unit, tries, controls);
    } catch (const std::exception& error) {
      fail({.prompt = inputs_.prompts[unit.from].id, .pair = unit.pair_id}, error.what());
      return;
    }
    for (const PlannedCell& cell : planned) already_ += store_.has(cell.key);
    runner_.run(unit, planned,
                [&](const CellName& name, const std::string& error) { fail(name, error); });
    for (const PlannedCell& cell : planned) {
      const Cell* const finished = store_.find(cell.key);
      if (finished != nullptr) cells_.push_back({&unit, finished});
    }
  }

  void fail(const CellName& name, const std::string& error) {
    ++failed_;
    errors_ += Json({{"prompt", name.prompt},
                     {"pair", name.pair},
                     {"intervention", name.intervention},
                     {"control", name.control},
                     {"strength", name.strength},
                     {"seed", name.seed},
                     {"error", error}})
                   .dump(-1, ' ', false, Json::error_handler_t::replace) +
               "\n";
  }

  void write_errors() {
    if (errors_.empty()) {
      folder_.remove("errors.jsonl");
    } else {
      folder_.write("errors.jsonl", errors_);
    }
  }

  std::string provenance(const StudyFindings& findings) const {
    Json files = Json::object();
    const auto add = [&](const std::filesystem::path& path) {
      if (!path.empty()) files[path.filename().string()] = content_hash(std::array{path});
    };
    for (const auto& path : {study_.path, study_.prompts.file, study_.prompts.table}) add(path);
    if (study_.pairs) add(study_.pairs->file);
    for (const StudySupernode& node : study_.supernodes) add(node.file);
    Json chosen = Json::array();
    for (const ChosenTry& one : findings.chosen) {
      chosen.push_back({{"group", one.group},
                        {"intervention", one.intervention},
                        {"strength", one.strength},
                        {name_of(study_.report.choose->by), one.score}});
    }
    return dump({{"tool_version", options_.version},
                 {"study", study_.name},
                 {"seed", study_.seed},
                 {"model", model_.model_hash()},
                 {"transcoders", model_.transcoders_hash()},
                 {"files", files},
                 {"tested", findings.prompts},
                 {"cells", findings.cells},
                 {"failed", findings.failed},
                 {"left_out", findings.left_out},
                 {"chosen", chosen}});
  }

  StudyFindings find() {
    StudyFindings findings{.rows = summarise(study_, inputs_, cells_),
                           .chosen = chosen_,
                           .claims = {},
                           .prompts = inputs_.units.size(),
                           .cells = cells_.size(),
                           .failed = failed_,
                           .left_out = inputs_.left_out,
                           .plots = {}};
    for (const auto& [unit, cell] : cells_) {
      if (cell->left_out.empty()) continue;
      const std::string control = cell->name.control.empty() ? "" : cell->name.control + ": ";
      ++findings.left_out[control + cell->left_out];
    }
    findings.claims = judge(study_, findings.rows);
    for (const StudyPlot& plot : study_.report.plots) {
      findings.plots.push_back(draw_plot(study_, plot, inputs_, findings.rows, cells_));
    }
    return findings;
  }

  StudyRunReport write_all() {
    const StudyFindings findings = find();
    folder_.write("results.csv", results_csv(inputs_, cells_));
    folder_.write("summary.csv", summary_csv(study_, findings.rows));
    for (std::size_t i = 0; i < findings.plots.size(); ++i) {
      folder_.write("plots/" + std::to_string(i + 1) + ".svg", findings.plots[i]);
    }
    folder_.write("report.html", study_page(study_, findings));
    folder_.write("provenance.json", provenance(findings));
    write_errors();
    StudyRunReport report{.units = inputs_.units.size(),
                          .cells = cells_.size(),
                          .already = already_,
                          .left_out = 0,
                          .failed = failed_,
                          .traced = graphs_.traced(),
                          .verdicts = {},
                          .files = folder_.files()};
    for (const auto& [why, count] : findings.left_out) report.left_out += count;
    for (const Claim& claim : findings.claims) {
      report.verdicts.push_back(
          {claim.group, claim.intervention, claim.strength, claim.holds, claim.verdict});
    }
    return report;
  }

  const StudyRunOptions& options_;
  StudyFolder folder_;
  StudyModel& model_;
  StudyFile study_;
  CellStore store_;
  StudyInputs inputs_;
  std::vector<std::int32_t> answers_;
  Roles roles_;
  ChangeMaker maker_;
  GraphCache graphs_;
  CellPlanner planner_;
  UnitRunner runner_;
  std::deque<std::vector<StudyUnit>> units_;
  std::vector<FinishedCell> cells_;
  std::vector<ChosenTry> chosen_;
  std::size_t already_ = 0, failed_ = 0;
  std::string errors_;
};

}  // namespace

void check_study(const StudyFile& study) {
  check_plots(study);
  const StudyInputs inputs = read_study_inputs(study);
  // Whether a field stands in a prompt is known without its tokens.
  const Roles roles(inputs.prompts, roles_of(study), [](const PromptInput&) {
    return std::vector<std::int32_t>{0, 1};
  });
  ChangeMaker(study, inputs, roles, /*transcoders_hash=*/"");
}

StudyRunReport run_study(StudyFile study, StudyModel& model, const StudyRunOptions& options) {
  check_study(study);
  return Run(std::move(study), model, options).run();
}

}  // namespace circuit
