// Traces the prompts of a list: loads once, leaves out what is done, writes each graph while the
// next prompt is traced, and shares the list with other processes.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tracer/cli/engine.h"
#include "tracer/cli/engine/error_list.h"
#include "tracer/cli/engine/load_warnings.h"
#include "tracer/cli/engine/partial_files.h"
#include "tracer/cli/engine/trailing_worker.h"
#include "tracer/processes/shared_list.h"

namespace circuit::cli {

/// For one run. What a prompt throws is told and the next one taken up; what has nothing to do with
/// a prompt (loading, marks and lists of errors, the other processes) is thrown.
class ListTracer {
 public:
  ListTracer(const TraceListRequest& request, const ProcessPlace& place);

  TraceListReport run();

 private:
  /// A prompt's graph, or the line that says why there is none.
  using Outcome = std::variant<Trace, std::string>;

  OutputFiles output_of(std::size_t index) const;
  TraceRequest request_of(std::size_t index) const;
  bool is_done(std::size_t index) const;
  std::size_t settle_errors();

  void take(std::size_t index);
  Outcome trace(std::size_t index);
  Outcome trace_once(std::size_t index);
  void finish(std::size_t index, Outcome outcome);
  void finish_traced(std::size_t index, Trace traced);
  void finish_failed(std::size_t index, const std::string& error);
  /// The closing work: what is made of all prompts. Returns how many of them failed.
  std::size_t close();
  void load();

  const TraceListRequest& request_;
  const std::vector<ListedPrompt>& prompts_;
  ProcessPlace place_;
  std::vector<std::string> hashes_;  // [prompts]
  std::unique_ptr<Counters> counters_;
  std::optional<SharedList> list_;
  PartialFiles partial_;
  ErrorList errors_;
  FirstTokenWarning first_token_;
  std::optional<Tracer> tracer_;  // from the first prompt on that is not done
  std::optional<std::chrono::steady_clock::time_point> loaded_;
  std::atomic<std::size_t> traced_ = 0, already_there_ = 0, failed_ = 0;
  std::atomic<std::int64_t> unfinished_edges_ = 0;  // of graphs whose files are not written yet
  double load_seconds_ = 0;
  TrailingWorker worker_;  // the last member: its jobs use the others
};

}  // namespace circuit::cli
