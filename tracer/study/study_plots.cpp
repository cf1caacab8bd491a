#include "tracer/study/study_plots.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "export/text/output_text.h"
#include "tracer/study/chart.h"
#include "tracer/study/unit_runner.h"
#include "transcoders/weights/printable_name.h"

namespace circuit {
namespace {

constexpr std::array<const char*, 3> kRowKeys = {"intervention", "control", "strength"};

// What a key is in a row of the summary; nothing where it is no column.
std::optional<std::string> column_of(const std::vector<std::string>& columns, const SummaryRow& row,
                                     const std::string& key) {
  if (key == "intervention") return row.intervention;
  if (key == "control") return row.control;
  if (key == "strength") return number_text(row.strength);
  const auto found = std::ranges::find(columns, key);
  if (found == columns.end()) return std::nullopt;
  return row.group[static_cast<std::size_t>(found - columns.begin())];
}

// By number where both are numbers, else as texts.
bool comes_before(const std::string& a, const std::string& b) {
  const auto number = [](const std::string& text, double& value) {
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && stop == text.data() + text.size();
  };
  double x = 0, y = 0;
  const bool a_is = number(a, x), b_is = number(b, y);
  if (a_is && b_is) return x != y ? x < y : a < b;
  if (a_is != b_is) return a_is;
  return a < b;
}

std::vector<std::string> sorted(const std::set<std::string>& texts) {
  std::vector<std::string> list(texts.begin(), texts.end());
  std::ranges::sort(list, comes_before);
  return list;
}

std::size_t place_of(const std::vector<std::string>& list, const std::string& text) {
  return static_cast<std::size_t>(std::ranges::find(list, text) - list.begin());
}

std::vector<const SummaryRow*> rows_of(const StudyFile& study, const StudyPlot& plot,
                                       const std::vector<SummaryRow>& rows) {
  const std::vector<std::string> columns = summary_columns(study);
  const auto names = [&](const char* key) {
    return plot.x == key || plot.series == key || plot.where.contains(key);
  };
  std::vector<const SummaryRow*> shown;
  for (const SummaryRow& row : rows) {
    if (row.metric != plot.y) continue;
    if (!names("control") && !row.control.empty()) continue;
    if (!names("intervention") && row.intervention == "none") continue;
    if (study.report.choose && !names("split") &&
        row.group.front() != study.report.choose->report) {
      continue;
    }
    const bool fits = std::ranges::all_of(plot.where, [&](const auto& rule) {
      const auto value = column_of(columns, row, rule.first);
      return value && std::ranges::find(rule.second, *value) != rule.second.end();
    });
    if (fits) shown.push_back(&row);
  }
  return shown;
}

std::string shown(const std::string& value) { return value.empty() ? "(none)" : value; }

std::string draw_rows(const StudyFile& study, const StudyPlot& plot,
                      const std::vector<SummaryRow>& rows) {
  const std::vector<std::string> columns = summary_columns(study);
  const auto shown_rows = rows_of(study, plot, rows);
  std::set<std::string> x, series;
  const auto series_of = [&](const SummaryRow& row) {
    return plot.series.empty() ? std::string() : column_of(columns, row, plot.series).value_or("");
  };
  for (const SummaryRow* const row : shown_rows) {
    x.insert(column_of(columns, *row, plot.x).value_or(""));
    series.insert(series_of(*row));
  }
  Chart chart{.title = study.name + ": " + plot.y + " by " + plot.x +
                       (shown_rows.empty() ? " (no data)" : ""),
              .x_label = plot.x,
              .y_label = plot.y,
              .x = sorted(x),
              .series = sorted(series),
              .points = {}};
  chart.points.assign(chart.series.size(), std::vector<std::optional<ChartPoint>>(chart.x.size()));
  for (const SummaryRow* const row : shown_rows) {
    const std::size_t s = place_of(chart.series, series_of(*row));
    const std::size_t i = place_of(chart.x, column_of(columns, *row, plot.x).value_or(""));
    // Rows that no key of the plot tells apart: the first, and the title says that there are more.
    if (chart.points[s][i]) {
      if (!chart.title.ends_with(" each)")) chart.title += " (the first of several each)";
      continue;
    }
    chart.points[s][i] = {.value = row->estimate, .low = row->low, .high = row->high};
  }
  for (std::string& text : chart.x) text = shown(text);
  for (std::string& text : chart.series) text = shown(text);
  return plot.kind == StudyPlot::Kind::kBar ? bar_chart(chart) : line_chart(chart);
}

std::string draw_heat(const StudyFile& study, const StudyPlot& plot, const StudyInputs& inputs,
                      const std::vector<FinishedCell>& cells) {
  const auto feature = watched_feature(plot.series);
  const std::string metric = feature ? watched_metric(*feature) : plot.series;
  const auto wanted = [&](const char* key, const std::string& value, const char* otherwise) {
    const auto rule = plot.where.find(key);
    if (rule == plot.where.end()) return value == otherwise;
    return std::ranges::find(rule->second, value) != rule->second.end();
  };
  std::map<std::pair<std::string, std::string>, std::pair<double, double>> sums;  // (x, y)
  std::set<std::string> xs, ys;
  for (const auto& [unit, cell] : cells) {
    if (!wanted("intervention", cell->name.intervention, "none")) continue;
    for (const auto& [control, values] : cell->values) {
      const auto value = values.find(metric);
      if (!wanted("control", control, "") || value == values.end()) continue;
      const std::string x = key_of(inputs, *unit, plot.x), y = key_of(inputs, *unit, plot.y);
      if (x.empty() || y.empty() || !std::isfinite(value->second)) continue;
      xs.insert(x);
      ys.insert(y);
      auto& [sum, count] = sums[{x, y}];
      sum += value->second;
      count += 1;
    }
  }
  HeatMap map{.title = study.name + ": " + metric + (sums.empty() ? " (no data)" : ""),
              .x_label = plot.x,
              .y_label = plot.y,
              .x = sorted(xs),
              .y = sorted(ys),
              .values = {}};
  map.values.assign(map.y.size(), std::vector<std::optional<double>>(map.x.size()));
  for (const auto& [place, sum] : sums) {
    map.values[place_of(map.y, place.second)][place_of(map.x, place.first)] =
        sum.first / sum.second;
  }
  return heat_map(map);
}

[[noreturn]] void refuse(const StudyFile& study, const std::string& what) {
  throw std::runtime_error("[read_study] " + study.path.string() + ": " + what);
}

}  // namespace

std::optional<StudyChange> watched_feature(const std::string& series) {
  std::array<std::int64_t, 3> parts{};
  const char* at = series.data();
  const char* const end = at + series.size();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto [stop, error] = std::from_chars(at, end, parts[i]);
    const bool last = i + 1 == parts.size();
    if (error != std::errc() || (last ? stop != end : stop == end || *stop != '_')) return {};
    at = stop + 1;
  }
  if (parts[0] < 0 || parts[1] < 0) return std::nullopt;
  return StudyChange{.layer = parts[0], .position = parts[2], .feature = parts[1]};
}

void check_plots(const StudyFile& study) {
  const std::vector<std::string> columns = summary_columns(study);
  const auto check_key = [&](const std::string& key) {
    const bool known = std::ranges::find(columns, key) != columns.end() ||
                       std::ranges::find(kRowKeys, key) != kRowKeys.end();
    if (!known) {
      refuse(study, "a plot has no key " + printable_name(key) +
                        ", expected intervention, control, strength or one of group_by");
    }
  };
  for (const StudyPlot& plot : study.report.plots) {
    if (plot.kind == StudyPlot::Kind::kHeat) {
      const bool metric = std::ranges::any_of(
          study.metrics, [&](StudyMetric one) { return name_of(one) == plot.series; });
      if (metric || watched_feature(plot.series)) continue;
      refuse(study, "the series of a heat map is " + printable_name(plot.series) +
                        ", expected one of metrics or a feature L_F_P");
    }
    check_key(plot.x);
    if (!plot.series.empty()) check_key(plot.series);
    for (const auto& [key, values] : plot.where) check_key(key);
  }
}

std::string draw_plot(const StudyFile& study, const StudyPlot& plot, const StudyInputs& inputs,
                      const std::vector<SummaryRow>& rows, const std::vector<FinishedCell>& cells) {
  return plot.kind == StudyPlot::Kind::kHeat ? draw_heat(study, plot, inputs, cells)
                                             : draw_rows(study, plot, rows);
}

}  // namespace circuit
