#include "tracer/cli/trace_report.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "export/names/head_ids.h"
#include "export/text/output_text.h"
#include "tracer/cli/byte_size.h"
#include "tracer/cli/json_line.h"
#include "tracer/cli/report_table.h"
#include "tracer/cli/score_text.h"
#include "tracer/cli/signed_numbers.h"

namespace circuit::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<const char*, 7> kPhases = {"load",  "forward",   "attribute", "similarity",
                                                "prune", "attention", "export"};
constexpr std::array<std::string_view, 2> kAskedFor = {"similarity", "attention"};

/// Heads that the report names.
constexpr std::size_t kNamedHeads = 5;

/// Of those that must be asked for only what was.
std::vector<const char*> phases_of(const TraceReport& report) {
  std::vector<const char*> phases(kPhases.begin(), kPhases.end());
  std::erase_if(phases, [&](const char* phase) {
    return std::ranges::count(kAskedFor, phase) > 0 && !report.seconds.contains(phase);
  });
  return phases;
}

double seconds_of(const TraceReport& report, const char* phase) {
  const auto found = report.seconds.find(phase);
  return found == report.seconds.end() ? 0.0 : found->second;
}

std::vector<std::string> token_items(const TraceReport& report) {
  std::vector<std::string> items;
  for (std::size_t i = 0; i < report.ids.size(); ++i) {
    items.push_back(in_quotes(report.tokens[i]) + " " + std::to_string(report.ids[i]));
  }
  return items;
}

std::string target_text(const Target& target) {
  switch (target.kind) {
    case TargetKind::kToken:
      return in_quotes(target.label) + " " + std::to_string(target.token_id);
    case TargetKind::kDifference:
      return one_line(target.label);
    case TargetKind::kFeature:
      return "feature " + target.label + " at " + std::to_string(target.position);
    case TargetKind::kVector:
      break;
  }
  return "vector " + one_line(target.label);
}

std::vector<std::string> target_lines(const TraceReport& report) {
  std::vector<std::string> lines;
  for (const Target& target : report.targets) {
    const auto next = static_cast<std::size_t>(target.position) + 1;
    const bool early = target.kind != TargetKind::kFeature && next < report.tokens.size();
    lines.push_back(fixed_text(target.probability, 4) + "  " + target_text(target) +
                    (early ? " after " + std::to_string(target.position) : ""));
  }
  return lines;
}

Json target_json(const Target& target) {
  static constexpr const char* kKinds[] = {"token", "difference", "feature", "vector"};
  Json object = {{"token", target.label},
                 {"token_id", target.token_id},
                 {"probability", target.probability},
                 {"kind", kKinds[static_cast<std::size_t>(target.kind)]},
                 {"position", target.position}};
  if (target.kind == TargetKind::kFeature) {
    object["layer"] = target.layer;
    object["feature"] = target.feature;
  }
  return object;
}

std::string phases_text(const TraceReport& report) {
  std::string text;
  for (const char* phase : phases_of(report)) {
    text += (text.empty() ? "" : ", ") + std::string(phase) + " " +
            seconds_text(seconds_of(report, phase));
  }
  return text;
}

std::string device_memory_text(const TraceReport& report) {
  return (report.device_peak_memory_bytes > 0
              ? byte_size_text(report.device_peak_memory_bytes) + " at most"
              : "unknown") +
         ", " + byte_size_text(report.predicted_device_peak_bytes) + " planned";
}

/// `: 4.1 (34.0 %), 3.0 (21.5 %)` of the heads of which `value` is largest; nothing when all are 0.
template <typename Value, typename Text>
std::string strongest_heads(std::vector<AttentionSummary::OfHead> heads, Value value, Text text) {
  std::erase_if(heads, [&](const auto& head) { return !(value(head) > 0); });
  std::ranges::stable_sort(heads, std::greater<>(), value);
  heads.resize(std::min(heads.size(), kNamedHeads));
  std::string line;
  for (const AttentionSummary::OfHead& head : heads) {
    line += (line.empty() ? ": " : ", ") + head_id(head.head) + " (" + text(value(head)) + ")";
  }
  return line;
}

std::vector<std::string> attention_lines(const TraceReport& report) {
  if (!report.attention) return {};
  const AttentionSummary& found = *report.attention;
  std::vector<std::string> lines;
  if (found.divided_edges > 0) {
    lines.push_back(count_text(found.divided_edges) + " edges divided; largest part by" +
                    strongest_heads(
                        found.heads, [](const auto& head) { return head.largest_of; }, count_text));
  }
  if (found.tables > 0) {
    lines.push_back(count_text(found.tables) + " tables of scores, which carry " +
                    percent_of(found.carried, 1.0) + " of what heads take straight from sources" +
                    strongest_heads(
                        found.heads, [](const auto& head) { return head.carried; },
                        [](double carried) { return percent_of(carried, 1.0); }));
  }
  if (lines.empty()) lines.push_back("no kept edge runs through a head");
  return lines;
}

Json attention_json(const AttentionSummary& attention) {
  Json heads = Json::array();
  for (const AttentionSummary::OfHead& head : attention.heads) {
    heads.push_back(
        {{"head", head_id(head.head)}, {"largest_of", head.largest_of}, {"carried", head.carried}});
  }
  return {{"divided_edges", attention.divided_edges},
          {"tables", attention.tables},
          {"carried", attention.carried},
          {"heads", std::move(heads)}};
}

void add_report(const TraceReport& report, Json& object) {
  Json targets = Json::array();
  for (const Target& target : report.targets) targets.push_back(target_json(target));
  Json phases = Json::object();
  for (const char* phase : phases_of(report)) phases[phase] = seconds_of(report, phase);
  Json files = Json::array();
  for (const auto& file : report.files) files.push_back(file.string());
  object["tokens"] = report.tokens;
  object["targets"] = targets;
  object["active_features"] = report.active_features;
  object["selected_features"] = report.selected_features;
  object["nodes"] = report.kept_nodes;
  object["edges"] = report.kept_edges;
  object["replacement_score"] = number_or_null<Json>(report.scores.replacement);
  object["completeness_score"] = number_or_null<Json>(report.scores.completeness);
  object["closure_error"] = number_or_null<Json>(report.closure_error);
  object["phases"] = phases;
  object["peak_memory_bytes"] = report.peak_memory_bytes;
  object["predicted_peak_memory_bytes"] = report.predicted_peak_bytes;
  if (report.predicted_device_peak_bytes > 0) {
    object["device_peak_memory_bytes"] = report.device_peak_memory_bytes;
    object["predicted_device_peak_bytes"] = report.predicted_device_peak_bytes;
  }
  if (report.rounding) {
    object["rounding"] = {{"rows", report.rounding->rows},
                          {"largest_error", number_or_null<Json>(report.rounding->largest_error)}};
  }
  if (report.attention) object["attention"] = attention_json(*report.attention);
  object["files"] = files;
}

}  // namespace

std::string trace_report_text(const TraceReport& report) {
  ReportTable table;
  table.add_flow("tokens", token_items(report));
  table.add_lines("targets", target_lines(report));
  table.add("features", count_text(report.active_features) + " active, " +
                            count_text(report.selected_features) + " selected");
  table.add("circuit", count_text(report.kept_nodes) + " of " + count_text(report.nodes) +
                           " nodes, " + count_text(report.kept_edges) + " of " +
                           count_text(report.edges) + " edges");
  table.add("scores", scores_text(report.scores));
  table.add("closure", closure_text(report.closure_error));
  table.add_lines("attention", attention_lines(report));
  table.add("time", phases_text(report));
  if (report.rounding) {
    table.add("rounding", error_text(report.rounding->largest_error) +
                              " of a row's absolute sum: largest error of " +
                              count_text(static_cast<std::size_t>(report.rounding->rows)) +
                              " rows computed again in f32");
  }
  table.add("memory", "peak " +
                          (report.peak_memory_bytes > 0 ? byte_size_text(report.peak_memory_bytes)
                                                        : std::string("unknown")) +
                          ", predicted at most " + byte_size_text(report.predicted_peak_bytes));
  if (report.predicted_device_peak_bytes > 0) table.add("device", device_memory_text(report));
  std::vector<std::string> files;
  for (const auto& file : report.files) files.push_back(file.string());
  table.add_lines("files", files);
  return table.text();
}

std::string trace_report_json(const TraceReport& report) {
  Json object;
  add_report(report, object);
  return json_line(object);
}

std::string listed_trace_json(const ListedPrompt& prompt, const TraceReport& report) {
  Json object;
  object["id"] = prompt.id;
  object["name"] = prompt.name;
  add_report(report, object);
  return json_line(object);
}

}  // namespace circuit::cli
