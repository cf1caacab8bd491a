#include "tracer/cli/score_table_report.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <vector>

#include <nlohmann/json.hpp>

#include "export/names/head_ids.h"
#include "export/names/node_names.h"
#include "export/text/output_text.h"
#include "tracer/cli/json_line.h"
#include "tracer/cli/report_table.h"
#include "tracer/cli/signed_numbers.h"

namespace circuit::cli {
namespace {

using Json = nlohmann::ordered_json;
using Rows = std::vector<std::vector<std::string>>;

constexpr std::size_t kLongestSource = 44;  // characters; two of them stand on a line

double absolute_error(const ScoreTable& table) {
  return table.absolute_sum > 0 ? std::abs(table.sum - table.score) / table.absolute_sum : 0.0;
}

std::optional<double> relative_error(const ScoreTable& table) {
  if (table.score == 0.0) return std::nullopt;
  return std::abs(table.sum - table.score) / std::abs(table.score);
}

class ScoreReport {
 public:
  ScoreReport(const AttributionGraph& graph, const ScoreTable& table, std::size_t top)
      : graph_(graph), table_(table), top_(top), numbers_(largest()) {}

  std::string text() const {
    ReportTable report;
    report.add("head", head_id(table_.cell.head));
    report.add("query", position_text(table_.cell.query));
    report.add("key", position_text(table_.cell.key) + ", " + weight_text(table_.weight));
    if (table_.cell.other_key) {
      report.add("against",
                 position_text(*table_.cell.other_key) + ", " + weight_text(table_.other_weight));
    }
    report.add("score", score_text());
    report.add("sum", sum_text());
    report.add_lines("raising", term_lines(1.0));
    report.add_lines("lowering", term_lines(-1.0));
    report.add_lines("query side", marginal_lines(table_.query_marginals));
    report.add_lines("key side", marginal_lines(table_.key_marginals));
    report.add_lines("by position", position_lines());
    return report.text();
  }

 private:
  double largest() const {
    double most =
        std::max({std::abs(table_.score), std::abs(table_.sum), std::abs(table_.key_bias)});
    for (const ScoreTerm& term : table_.terms) most = std::max(most, std::abs(term.value));
    for (const auto* side : {&table_.query_marginals, &table_.key_marginals}) {
      for (const ScoreMarginal& one : *side) most = std::max(most, std::abs(one.value));
    }
    for (const double value : table_.key_positions) most = std::max(most, std::abs(value));
    return most;
  }

  std::string token_at(std::size_t position) const {
    return in_quotes(graph_.nodes().tokens[position]);
  }

  std::string position_text(std::int32_t position) const {
    return std::to_string(position) + " " + token_at(static_cast<std::size_t>(position));
  }

  static std::string weight_text(double weight) {
    return percent_of(weight, 1.0) + " of the attention";
  }

  std::string score_text() const {
    std::string text = numbers_.text(table_.score) + ", scaled, ahead of softmax";
    if (table_.cell.other_key) text += ": that of the key less that of the other key";
    if (table_.soft_cap > 0) {
      text += "; decomposed before the cap of " + number_text(table_.soft_cap);
    }
    return text;
  }

  std::string sum_text() const {
    const auto relative = relative_error(table_);
    return numbers_.text(table_.sum) + " of " + count_text(table_.n_query_sources) + " × " +
           count_text(table_.n_key_sources) + " terms (query side × key side), off by " +
           (relative ? error_text(*relative) + " of the score, " : std::string()) +
           error_text(absolute_error(table_)) + " of Σ|terms|";
  }

  std::string source_text(const ScoreSource& source) const {
    return source ? shorten(describe_node(graph_, *source), kLongestSource) : "biases";
  }

  /// Terms of one sign.
  std::vector<std::string> term_lines(double sign) const {
    Rows rows = {{numbers_.heading("term"), "query side", "key side"}};
    for (const ScoreTerm& term : table_.terms) {
      if (term.value * sign <= 0.0) continue;
      rows.push_back({numbers_.cell(term.value), source_text(term.query), source_text(term.key)});
    }
    if (rows.size() == 1) return {"none"};
    return aligned_columns(rows);
  }

  std::vector<std::string> marginal_lines(const std::vector<ScoreMarginal>& marginals) const {
    Rows rows;
    for (const ScoreMarginal& one : marginals) {
      rows.push_back({numbers_.cell(one.value),
                      one.source ? describe_node(graph_, *one.source) : std::string("biases")});
    }
    return aligned_columns(rows);
  }

  /// Positions that are listed, ascending: the largest sums.
  std::vector<std::size_t> listed_positions() const {
    const std::vector<double>& sums = table_.key_positions;
    std::vector<std::size_t> positions(sums.size());
    std::iota(positions.begin(), positions.end(), std::size_t{0});
    std::erase_if(positions, [&](std::size_t p) { return sums[p] == 0.0; });
    if (positions.size() <= top_) return positions;
    std::ranges::stable_sort(positions, std::greater<>(),
                             [&](std::size_t p) { return std::abs(sums[p]); });
    positions.resize(top_);
    std::ranges::sort(positions);
    return positions;
  }

  std::vector<std::string> position_lines() const {
    const std::vector<std::size_t> listed = listed_positions();
    double rest = std::accumulate(table_.key_positions.begin(), table_.key_positions.end(), 0.0);
    Rows rows;
    for (const std::size_t position : listed) {
      const double value = table_.key_positions[position];
      rest -= value;
      rows.push_back({numbers_.cell(value), position_text(static_cast<std::int32_t>(position))});
    }
    const auto n_others =
        std::ranges::count_if(table_.key_positions, [](double v) { return v != 0.0; }) -
        static_cast<std::ptrdiff_t>(listed.size());
    if (n_others > 0)
      rows.push_back(
          {numbers_.cell(rest), std::to_string(n_others) + (n_others == 1 ? " other" : " others")});
    rows.push_back({numbers_.cell(table_.key_bias), "biases"});
    rows.push_back({numbers_.cell(table_.sum), "sum"});
    return aligned_columns(rows);
  }

  const AttributionGraph& graph_;
  const ScoreTable& table_;
  std::size_t top_;
  SignedNumbers numbers_;
};

Json source_json(const ScoreSource& source) {
  return source ? Json(name_node(*source).node_id) : Json(nullptr);
}

Json marginals_json(const std::vector<ScoreMarginal>& marginals) {
  Json list = Json::array();
  for (const ScoreMarginal& one : marginals) {
    list.push_back({{"source", source_json(one.source)}, {"value", one.value}});
  }
  return list;
}

/// `LAYER_FEATURE` -> name, of all features in the table.
Json labels_json(const AttributionGraph& graph, const ScoreTable& table) {
  std::map<std::pair<std::int32_t, std::int32_t>, std::string> labels;
  const auto add = [&](const ScoreSource& source) {
    if (!source || source->kind != NodeKind::kFeature) return;
    const std::string label = feature_label(graph, source->layer, source->feature);
    if (!label.empty()) labels[{source->layer, source->feature}] = label;
  };
  for (const ScoreTerm& term : table.terms) {
    add(term.query);
    add(term.key);
  }
  for (const ScoreMarginal& one : table.query_marginals) add(one.source);
  for (const ScoreMarginal& one : table.key_marginals) add(one.source);
  Json object = Json::object();
  for (const auto& [key, label] : labels) {
    object[std::to_string(key.first) + "_" + std::to_string(key.second)] = label;
  }
  return object;
}

}  // namespace

std::string score_table_text(const AttributionGraph& graph, const ScoreTable& table,
                             std::size_t top) {
  return ScoreReport(graph, table, top).text();
}

std::string score_table_json(const AttributionGraph& graph, const ScoreTable& table) {
  const ScoreCell& cell = table.cell;
  const bool contrast = cell.other_key.has_value();
  Json terms = Json::array();
  for (const ScoreTerm& term : table.terms) {
    terms.push_back({{"query", source_json(term.query)},
                     {"key", source_json(term.key)},
                     {"value", term.value}});
  }
  Json object;
  object["head"] = head_id(cell.head);
  object["query"] = cell.query;
  object["key"] = cell.key;
  object["against"] = contrast ? Json(*cell.other_key) : Json(nullptr);
  object["score"] = table.score;
  object["sum"] = table.sum;
  object["absolute_sum"] = table.absolute_sum;
  object["error"] = absolute_error(table);
  object["relative_error"] = number_or_null<Json>(relative_error(table));
  object["soft_cap"] = table.soft_cap > 0 ? Json(table.soft_cap) : Json(nullptr);
  object["weight"] = table.weight;
  object["against_weight"] = contrast ? Json(table.other_weight) : Json(nullptr);
  object["query_sources"] = table.n_query_sources;
  object["key_sources"] = table.n_key_sources;
  object["terms"] = std::move(terms);
  object["query_marginals"] = marginals_json(table.query_marginals);
  object["key_marginals"] = marginals_json(table.key_marginals);
  object["key_positions"] = table.key_positions;
  object["key_bias"] = table.key_bias;
  object["labels"] = labels_json(graph, table);
  return json_line(object);
}

}  // namespace circuit::cli
