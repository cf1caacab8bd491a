#include "tracer/cli/faithfulness_report.h"

#include <cmath>
#include <set>

#include <nlohmann/json.hpp>

#include "export/text/output_text.h"
#include "tracer/cli/json_line.h"
#include "tracer/cli/report_table.h"

namespace circuit::cli {
namespace {

using Json = nlohmann::ordered_json;

// Fewer clusters than this allow no claim.
constexpr std::size_t kLeastClusters = 30;

std::vector<std::string> measured_clusters(const FaithfulnessReport& report,
                                           const std::vector<std::string>& clusters) {
  std::vector<std::string> measured;
  for (const std::size_t index : report.measured) measured.push_back(clusters[index]);
  return measured;
}

std::size_t count_different(const std::vector<std::string>& names) {
  return std::set<std::string>(names.begin(), names.end()).size();
}

std::string f_text(double f) { return std::isfinite(f) ? fixed_text(f, 2) : "none"; }

std::string interval_text(const Interval& interval, bool with_bounds) {
  if (!with_bounds || !std::isfinite(interval.value)) return f_text(interval.value);
  return f_text(interval.value) + " [" + f_text(interval.low) + ", " + f_text(interval.high) + "]";
}

std::string title_of(const FaithfulnessSummary& summary) {
  return std::string(name_of(summary.outside)) + (summary.live ? ", live" : ", frozen");
}

template <typename Intervals>
std::vector<std::string> curve_cells(const std::string& name, const Intervals& f) {
  std::vector<std::string> cells = {name};
  for (const Interval& one : f) cells.push_back(padded_left(f_text(one.value), 5));
  return cells;
}

std::vector<std::string> table_lines(const FaithfulnessSummary& summary, bool with_bounds) {
  std::vector<std::vector<std::string>> rows = {{"k"}};
  for (const double share : kCircuitShares) {
    rows[0].push_back(padded_left(number_text(share), 5));
  }
  rows[0].insert(rows[0].end(), {"CPR", "CMD"});
  for (const CurveSummary& curve : summary.curves) {
    rows.push_back(curve_cells(name_of(curve.order), curve.circuit));
    rows.back().push_back(interval_text(curve.cpr, with_bounds));
    rows.back().push_back(interval_text(curve.cmd, with_bounds));
  }
  for (const CurveSummary& curve : summary.curves) {
    rows.push_back(curve_cells(std::string("without ") + name_of(curve.order), curve.rest));
    rows.back().insert(rows.back().end(), {"", ""});
  }
  return aligned_columns(rows);
}

std::string pairs_text(const FaithfulnessReport& report, std::size_t clusters) {
  std::string text = count_text(report.pairs.size());
  for (const auto& [why, count] : report.left_out) {
    text += ", left out " + count_text(count) + " (" + why + ")";
  }
  if (report.pairs.size() < 2) return text;
  text += ", " + count_text(clusters) + " clusters";
  return clusters < kLeastClusters ? text + ": too few for a claim, below 30" : text;
}

void add_circuits(ReportTable& table, const FaithfulnessReport& report) {
  std::size_t features = 0, kept = 0, errors = 0;
  for (const PairMeasures& pair : report.pairs) {
    features += pair.n_features;
    kept += pair.pruned_features;
    errors += pair.pruned_errors;
  }
  const auto mean = [&](std::size_t sum) {
    return fixed_text(static_cast<double>(sum) / static_cast<double>(report.pairs.size()),
                      report.pairs.size() == 1 ? 0 : 1);
  };
  table.add("features", mean(features) + " feature nodes; pruning keeps " + mean(kept) + " and " +
                            mean(errors) + " errors");
}

Json interval_json(const Interval& interval) {
  return {{"value", number_or_null<Json>(interval.value)},
          {"low", number_or_null<Json>(interval.low)},
          {"high", number_or_null<Json>(interval.high)}};
}

template <typename Intervals>
Json curve_json(const Intervals& f) {
  Json list = Json::array();
  for (const Interval& one : f) list.push_back(interval_json(one));
  return list;
}

Json summary_json(const FaithfulnessSummary& summary) {
  Json object;
  object["outside"] = name_of(summary.outside);
  object["background"] = summary.live ? "live" : "frozen";
  object["m_model"] = number_or_null<Json>(summary.model);
  object["m_nothing"] = number_or_null<Json>(summary.nothing);
  object["tokens"] = interval_json(summary.tokens);
  object["pruned"] = interval_json(summary.pruned);
  object["without_pruned"] = interval_json(summary.pruned_rest);
  object["curves"] = Json::array();
  for (const CurveSummary& curve : summary.curves) {
    object["curves"].push_back({{"order", name_of(curve.order)},
                                {"cpr", interval_json(curve.cpr)},
                                {"cmd", interval_json(curve.cmd)},
                                {"f", curve_json(curve.circuit)},
                                {"without", curve_json(curve.rest)}});
  }
  return object;
}

Json pair_json(const CounterfactualPair& asked, const PairMeasures& pair,
               const std::string& cluster) {
  Json object;
  object["id"] = pair.id;
  object["cluster"] = cluster;
  object["answer"] = asked.answer;
  object["counterfactual_answer"] = asked.counterfactual_answer;
  object["features"] = pair.n_features;
  object["pruned_features"] = pair.pruned_features;
  object["pruned_errors"] = pair.pruned_errors;
  object["measures"] = Json::array();
  for (const CircuitMeasures& one : pair.measures) {
    Json measures = {{"outside", name_of(one.outside)},
                     {"background", one.live ? "live" : "frozen"},
                     {"m_model", number_or_null<Json>(one.model)},
                     {"m_nothing", number_or_null<Json>(one.nothing)},
                     {"m_tokens", number_or_null<Json>(one.tokens)},
                     {"m_pruned", number_or_null<Json>(one.pruned)},
                     {"m_without_pruned", number_or_null<Json>(one.pruned_rest)}};
    measures["curves"] = Json::array();
    for (const CircuitCurve& curve : one.curves) {
      measures["curves"].push_back(
          {{"order", name_of(curve.order)}, {"m", curve.circuit}, {"m_without", curve.rest}});
    }
    object["measures"].push_back(std::move(measures));
  }
  return object;
}

}  // namespace

std::string faithfulness_text(const FaithfulnessRequest& request, const FaithfulnessReport& report,
                              const std::vector<std::string>& clusters) {
  const std::vector<std::string> measured = measured_clusters(report, clusters);
  const auto summaries = summarise_faithfulness(report.pairs, measured);
  ReportTable table;
  table.add("pairs", pairs_text(report, count_different(measured)));
  if (report.pairs.size() == 1) {
    const CounterfactualPair& pair = request.pairs[report.measured.front()];
    table.add("answers",
              in_quotes(pair.answer) + " against " + in_quotes(pair.counterfactual_answer));
  }
  add_circuits(table, report);
  table.add("m", fixed_text(summaries.front().model, 3) +
                     " of the model: logit of the answer less that of the counterfactual answer");
  std::string text = table.text();
  const bool with_bounds = report.pairs.size() > 1;
  for (const FaithfulnessSummary& summary : summaries) {
    ReportTable row;
    row.add(title_of(summary),
            "m of nothing " + fixed_text(summary.nothing, 3) + "; f of tokens alone " +
                interval_text(summary.tokens, with_bounds) + ", of the pruned graph " +
                interval_text(summary.pruned, with_bounds) + ", without it " +
                interval_text(summary.pruned_rest, with_bounds));
    text += "\n" + row.text();
    for (const std::string& line : table_lines(summary, with_bounds)) text += "  " + line + "\n";
  }
  return text;
}

std::string faithfulness_json(const FaithfulnessRequest& request, const FaithfulnessReport& report,
                              const std::vector<std::string>& clusters) {
  const std::vector<std::string> measured = measured_clusters(report, clusters);
  Json object;
  object["pairs"] = report.pairs.size();
  object["clusters"] = count_different(measured);
  object["claims"] = count_different(measured) >= kLeastClusters;
  object["left_out"] = report.left_out;
  object["shares"] = kCircuitShares;
  object["summary"] = Json::array();
  for (const FaithfulnessSummary& summary : summarise_faithfulness(report.pairs, measured)) {
    object["summary"].push_back(summary_json(summary));
  }
  object["measured"] = Json::array();
  for (std::size_t i = 0; i < report.pairs.size(); ++i) {
    object["measured"].push_back(
        pair_json(request.pairs[report.measured[i]], report.pairs[i], measured[i]));
  }
  return json_line(object);
}

}  // namespace circuit::cli
