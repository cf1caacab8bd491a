#include "tracer/study/summary.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "export/text/output_text.h"
#include "tracer/study/csv.h"
#include "tracer/study/evidence.h"

namespace circuit {
namespace {

using Group = std::vector<std::string>;
// group, intervention, control, strength, metric
using RowKey = std::tuple<Group, std::string, std::string, double, std::string>;

// Values of one unit, of which there are several where random sets are.
struct UnitValues {
  double sum = 0, count = 0;
};

Group group_of(const StudyFile& study, const StudyInputs& inputs, const StudyUnit& unit) {
  Group group;
  for (const std::string& key : summary_columns(study)) group.push_back(key_of(inputs, unit, key));
  return group;
}

// Of a summary row's group, the values of `group_by`.
Group without_split(const StudyFile& study, const Group& group) {
  return {group.begin() + (study.report.choose ? 1 : 0), group.end()};
}

void fill_interval(const std::vector<double>& values, const std::vector<std::string>& clusters,
                   SummaryRow& row) {
  if (row.metric == name_of(StudyMetric::kTop1)) {
    double sum = 0;
    for (const double value : values) sum += value;
    const Rate rate = wilson(sum, static_cast<double>(values.size()));
    std::tie(row.estimate, row.low, row.high) = std::tie(rate.value, rate.low, rate.high);
    return;
  }
  const Mean mean = cluster_mean(values, clusters);
  std::tie(row.estimate, row.low, row.high) = std::tie(mean.value, mean.low, mean.high);
}

const SummaryRow* find_row(const std::vector<SummaryRow>& rows, const SummaryRow& like,
                           const std::string& control) {
  const auto found = std::ranges::find_if(rows, [&](const SummaryRow& row) {
    return row.group == like.group && row.intervention == like.intervention &&
           row.strength == like.strength && row.metric == like.metric && row.control == control;
  });
  return found == rows.end() ? nullptr : &*found;
}

std::string interval_text(const SummaryRow& row) {
  return fixed_text(row.estimate, 3) + " [" + fixed_text(row.low, 3) + ", " +
         fixed_text(row.high, 3) + "]";
}

Claim judge_row(const StudyFile& study, const std::vector<SummaryRow>& rows,
                const SummaryRow& row) {
  const StudyThreshold& threshold = *study.report.threshold;
  Claim claim{.group = row.group,
              .intervention = row.intervention,
              .strength = row.strength,
              .row = &row,
              .verdict = {}};
  const std::string measured = row.metric + " " + interval_text(row);
  if (row.clusters < kFewestClusters) {
    claim.verdict = measured + " of " + std::to_string(row.clusters) + " clusters, fewer than " +
                    std::to_string(kFewestClusters) + ": nothing is claimed";
    return claim;
  }
  if (!(row.estimate > threshold.above)) {
    claim.verdict = "not reached: " + measured + ", expected above " + number_text(threshold.above);
    return claim;
  }
  for (const StudyControl control :
       {StudyControl::kRandomMatched, StudyControl::kWrongConcept, StudyControl::kActivation}) {
    const SummaryRow* const beside = find_row(rows, row, name_of(control));
    if (beside == nullptr) {
      claim.verdict = measured + ": nothing is claimed without control " + name_of(control);
      return claim;
    }
    if (row.low > beside->high) continue;
    claim.verdict = "not reached: " + measured + " is not above control " + name_of(control) +
                    ", " + interval_text(*beside);
    return claim;
  }
  claim.holds = true;
  claim.verdict = "reached: " + measured + ", above " + number_text(threshold.above) +
                  " and all of random_matched, wrong_concept and activation";
  return claim;
}

}  // namespace

std::vector<std::string> summary_columns(const StudyFile& study) {
  std::vector<std::string> columns;
  if (study.report.choose) columns.push_back("split");
  for (const std::string& key : study.report.group_by) {
    if (std::ranges::find(columns, key) == columns.end()) columns.push_back(key);
  }
  return columns;
}

std::vector<SummaryRow> summarise(const StudyFile& study, const StudyInputs& inputs,
                                  const std::vector<FinishedCell>& cells) {
  std::map<RowKey, std::map<const StudyUnit*, UnitValues>> rows;
  for (const auto& [unit, cell] : cells) {
    const Group group = group_of(study, inputs, *unit);
    for (const auto& [control, values] : cell->values) {
      for (const auto& [metric, value] : values) {
        if (!std::isfinite(value)) continue;
        UnitValues& of_unit =
            rows[{group, cell->name.intervention, control, cell->name.strength, metric}][unit];
        of_unit.sum += value;
        of_unit.count += 1;
      }
    }
  }
  std::vector<SummaryRow> summary;
  for (const auto& [key, by_unit] : rows) {
    SummaryRow row;
    std::tie(row.group, row.intervention, row.control, row.strength, row.metric) = key;
    std::vector<std::pair<const StudyUnit*, double>> units;
    for (const auto& [unit, values] : by_unit) units.emplace_back(unit, values.sum / values.count);
    std::vector<double> values;
    std::vector<std::string> clusters;
    for (const auto& [unit, value] : units) {
      values.push_back(value);
      clusters.push_back(study.report.cluster.empty()
                             ? unit->pair_id + " " + inputs.prompts[unit->from].id
                             : key_of(inputs, *unit, study.report.cluster));
    }
    row.n = values.size();
    if (!study.report.cluster.empty())
      row.clusters = std::set(clusters.begin(), clusters.end()).size();
    fill_interval(values, clusters, row);
    summary.push_back(std::move(row));
  }
  return summary;
}

std::vector<ChosenTry> choose_tries(const StudyFile& study, const std::vector<SummaryRow>& rows) {
  const StudyChoice& choice = *study.report.choose;
  const bool lowest = choice.by == StudyMetric::kRank;
  std::map<Group, ChosenTry> best;
  // In the order of the file, so that the first of equals is.
  for (const StudyIntervention& one : study.interventions) {
    if (!choice.among.empty() && std::ranges::find(choice.among, one.name) == choice.among.end()) {
      continue;
    }
    for (const double strength : one.strengths) {
      for (const SummaryRow& row : rows) {
        if (row.intervention != one.name || row.strength != strength || !row.control.empty() ||
            row.metric != name_of(choice.by) || row.group.front() != choice.on) {
          continue;
        }
        const double score = lowest ? -row.estimate : row.estimate;
        const Group group = without_split(study, row.group);
        const auto found = best.find(group);
        if (found != best.end() && !(score > found->second.score)) continue;
        best[group] = {
            .group = group, .intervention = one.name, .strength = strength, .score = score};
      }
    }
  }
  std::vector<ChosenTry> chosen;
  for (auto& [group, one] : best) {
    if (lowest) one.score = -one.score;
    chosen.push_back(std::move(one));
  }
  return chosen;
}

std::vector<Claim> judge(const StudyFile& study, const std::vector<SummaryRow>& rows) {
  std::vector<Claim> claims;
  if (!study.report.threshold) return claims;
  for (const SummaryRow& row : rows) {
    if (!row.control.empty() || row.intervention == "none") continue;
    if (row.metric != name_of(study.report.threshold->metric)) continue;
    if (study.report.choose && row.group.front() != study.report.choose->report) continue;
    claims.push_back(judge_row(study, rows, row));
  }
  return claims;
}

std::string results_csv(const StudyInputs& inputs, std::vector<FinishedCell> cells) {
  std::ranges::sort(cells, {}, [](const FinishedCell& one) { return one.cell->key; });
  std::string text = csv_line({"cell", "prompt_id", "pair_id", "family", "split", "intervention",
                               "control", "strength", "seed", "metric", "value"});
  for (const auto& [unit, cell] : cells) {
    const CellName& name = cell->name;
    for (const auto& [control, values] : cell->values) {
      for (const auto& [metric, value] : values) {
        text += csv_line({cell->key, name.prompt, name.pair,
                          inputs.prompts[unit->from].family.value_or(""), unit->split,
                          name.intervention, control, number_text(name.strength),
                          std::to_string(name.seed), metric, number_text(value)});
      }
    }
  }
  return text;
}

std::string summary_csv(const StudyFile& study, const std::vector<SummaryRow>& rows) {
  std::vector<std::string> head = summary_columns(study);
  for (const char* const column : {"intervention", "control", "strength", "metric", "n", "clusters",
                                   "estimate", "low", "high"}) {
    head.emplace_back(column);
  }
  std::string text = csv_line(head);
  for (const SummaryRow& row : rows) {
    std::vector<std::string> line = row.group;
    for (std::string field :
         {row.intervention, row.control, number_text(row.strength), row.metric,
          std::to_string(row.n), std::to_string(row.clusters), number_text(row.estimate),
          number_text(row.low), number_text(row.high)}) {
      line.push_back(std::move(field));
    }
    text += csv_line(line);
  }
  return text;
}

}  // namespace circuit
