#include "tracer/cli/trace_list.h"

#include <chrono>
#include <iostream>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "tracer/cli/engine_library.h"
#include "tracer/cli/listed_error.h"
#include "tracer/cli/progress_line.h"
#include "tracer/cli/report_table.h"
#include "tracer/cli/standard_output.h"
#include "tracer/cli/trace_list_report.h"
#include "tracer/cli/trace_report.h"

namespace circuit::cli {
namespace {

/// The terminal, which results and progress reach from two threads.
class ListOutput {
 public:
  ListOutput(std::size_t total, bool quiet) : total_(total), line_(quiet) {}

  void begins(std::size_t index) {
    const std::lock_guard lock(mutex_);
    if (!first_) {
      first_ = index;
      started_ = Clock::now();
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - started_).count();
    prompts_ = list_progress_text(index, total_, *first_, seconds);
    line_.show(prompts_, /*now=*/true);
  }

  void update(const std::string& stage, std::int64_t done, std::int64_t total) {
    const std::lock_guard lock(mutex_);
    line_.show(prompts_ + "; " + progress_text(stage, done, total, /*seconds=*/0), /*now=*/false);
  }

  void print(const std::string& text) {
    const std::lock_guard lock(mutex_);
    line_.clear();
    cli::print(text);
  }

  void warn(const std::string& warning) {
    const std::lock_guard lock(mutex_);
    line_.clear();
    std::cerr << "circuit: warning: " << warning << std::endl;
  }

  void clear() { line_.clear(); }

 private:
  using Clock = std::chrono::steady_clock;

  std::mutex mutex_;
  std::size_t total_;
  ProgressLine line_;
  std::string prompts_;
  std::optional<std::size_t> first_;
  Clock::time_point started_;
};

}  // namespace

void trace_list(TraceListRequest request, bool quiet, bool json) {
  ListOutput output(request.prompts.size(), quiet);
  request.common.progress = [&](const std::string& stage, std::int64_t done, std::int64_t total) {
    output.update(stage, done, total);
  };
  request.common.warn = [&](const std::string& warning) { output.warn(warning); };
  request.begins = [&](std::size_t index) { output.begins(index); };
  request.traced = [&](const ListedPrompt& prompt, const TraceReport& report) {
    output.print(json ? listed_trace_json(prompt, report) : traced_line(prompt, report));
  };
  request.failed = [&](const ListedPrompt& prompt, const std::string& error) {
    output.print(json ? listed_error_json(prompt, error) : failed_line(prompt, error));
  };
  const std::size_t total = request.prompts.size();
  const TraceListReport report = run_trace_list(std::move(request));
  output.clear();
  if (!json) print(trace_list_text(report));
  if (report.failed_in_all == 0) return;
  throw std::runtime_error("[trace] " + count_text(report.failed_in_all) + " of " +
                           count_text(total) + " prompts failed, " + report.errors.string() +
                           " says why");
}

}  // namespace circuit::cli
