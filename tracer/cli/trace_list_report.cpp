#include "tracer/cli/trace_list_report.h"

#include <cmath>

#include "export/text/output_text.h"
#include "tracer/cli/byte_size.h"
#include "tracer/cli/report_table.h"

namespace circuit::cli {
namespace {

constexpr double kMinute = 60;
constexpr double kHour = 60 * kMinute;

std::string rounded(double value) {
  return count_text(static_cast<std::size_t>(std::llround(value)));
}

std::string rate_text(double prompts, double seconds) {
  const double rate = prompts * kMinute / seconds;
  return (rate < 10 ? fixed_text(rate, 1) : rounded(rate)) + " a minute";
}

std::string left_text(double seconds) {
  if (seconds < 2 * kMinute) return rounded(seconds) + " s left";
  if (seconds < 2 * kHour) return rounded(seconds / kMinute) + " min left";
  return rounded(seconds / kHour) + " h left";
}

std::string counts_text(const TraceListReport& report) {
  std::string text = count_text(report.traced) + " traced";
  if (report.already_there > 0) text += ", " + count_text(report.already_there) + " already there";
  if (report.failed > 0) text += ", " + count_text(report.failed) + " failed";
  return text;
}

}  // namespace

std::string traced_line(const ListedPrompt& prompt, const TraceReport& report) {
  double seconds = 0;
  for (const auto& [stage, taken] : report.seconds) seconds += taken;
  std::string line = prompt.name + "  ";
  if (!report.targets.empty()) {
    const Target& target = report.targets.front();
    line += in_quotes(target.label) + " " + fixed_text(target.probability, 4) + ", ";
  }
  return line + count_text(report.kept_nodes) + " nodes, " + count_text(report.kept_edges) +
         " edges, " + seconds_text(seconds) + "\n";
}

std::string failed_line(const ListedPrompt& prompt, const std::string& error) {
  return prompt.name + "  failed: " + error + "\n";
}

std::string trace_list_text(const TraceListReport& report) {
  ReportTable table;
  if (report.world > 1) {
    table.add("process",
              "rank " + std::to_string(report.rank) + " of " + std::to_string(report.world));
  }
  table.add("prompts", counts_text(report));
  if (report.trace_seconds > 0) {
    table.add("time", "load " + seconds_text(report.load_seconds) + ", trace " +
                          seconds_text(report.trace_seconds) + ", " +
                          rate_text(static_cast<double>(report.traced), report.trace_seconds));
  }
  table.add("memory", report.peak_memory_bytes > 0
                          ? byte_size_text(report.peak_memory_bytes) + " at most"
                          : "unknown");
  return table.text();
}

std::string list_progress_text(std::size_t index, std::size_t total, std::size_t first,
                               double seconds) {
  std::string text = "prompts  " + count_text(index) + " of " + count_text(total) + " (" +
                     std::to_string(100 * index / total) + " %)";
  if (index <= first || seconds <= 0) return text;
  const auto ended = static_cast<double>(index - first);
  return text + ", " + rate_text(ended, seconds) + ", " +
         left_text(static_cast<double>(total - index) * seconds / ended);
}

}  // namespace circuit::cli
