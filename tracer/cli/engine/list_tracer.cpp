#include "tracer/cli/engine/list_tracer.h"

#include <filesystem>
#include <map>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include "export/outputs.h"
#include "export/viewer/graph_index.h"
#include "tracer/cli/engine/done_mark.h"
#include "tracer/cli/engine/finish_trace.h"
#include "tracer/cli/engine/settings_hash.h"
#include "tracer/cli/engine/timed.h"
#include "tracer/cli/failure.h"
#include "tracer/processes/tcp_counters.h"
#include "transcoders/weights/content_hash.h"

namespace circuit::cli {
namespace {

// Pruning takes a mark and a score an edge.
constexpr std::int64_t kFinishBytesPerEdge = 9;

const std::filesystem::path& made(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (std::filesystem::is_directory(folder)) return folder;
  throw std::runtime_error("[write_outputs] " + folder.string() + ": cannot be made a folder (" +
                           error.message() + ")");
}

std::vector<std::string> hash_all(const TraceListRequest& request) {
  const SettingsHash settings(request.common);
  std::vector<std::string> hashes;
  for (const ListedPrompt& prompt : request.prompts) hashes.push_back(settings.of(prompt));
  return hashes;
}

// Processes with other prompts or settings, which found the same port, share nothing.
std::unique_ptr<Counters> open_counters(const ProcessPlace& place,
                                        const std::vector<std::string>& hashes) {
  if (place.world == 1) return std::make_unique<LocalCounters>();
  std::string all;
  for (const std::string& hash : hashes) all += hash;
  return open_tcp_counters(place, text_hash(all));
}

/// 0 when there is no graph.
std::int64_t edges_of(const std::variant<Trace, std::string>& outcome) {
  const auto* traced = std::get_if<Trace>(&outcome);
  return traced == nullptr ? 0 : static_cast<std::int64_t>(traced->graph.edges().edges());
}

bool wants_a_second_thread(int threads) {
  return threads == 0 ? std::thread::hardware_concurrency() > 1 : threads > 1;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

ListTracer::ListTracer(const TraceListRequest& request, const ProcessPlace& place)
    : request_(request),
      prompts_(request.prompts),
      place_(place),
      hashes_(hash_all(request)),
      counters_(open_counters(place_, hashes_)),
      partial_(made(request.common.output.folder)),
      errors_(request.common.output.folder),
      first_token_(request.common.load.model),
      worker_(wants_a_second_thread(request.common.load.threads)) {
  settle_errors();
  list_.emplace(*counters_, prompts_.size(), place_);
}

TraceListReport ListTracer::run() {
  while (const auto index = list_->claim()) take(*index);
  worker_.wait();
  while (const auto index = list_->claim_abandoned()) {
    partial_ = PartialFiles(request_.common.output.folder);
    take(*index);
    worker_.wait();
  }
  const double trace_seconds = loaded_ ? seconds_since(*loaded_) : 0.0;
  if (list_->claim_closing()) list_->close(static_cast<std::int64_t>(close()));
  const auto failed_in_all = static_cast<std::size_t>(list_->closing_result());
  list_->leave();
  return {.traced = traced_,
          .already_there = already_there_,
          .failed = failed_,
          .failed_in_all = failed_in_all,
          .errors = errors_.path(),
          .rank = place_.rank,
          .world = place_.world,
          .load_seconds = load_seconds_,
          .trace_seconds = trace_seconds,
          .peak_memory_bytes = peak_memory_bytes()};
}

OutputFiles ListTracer::output_of(std::size_t index) const {
  OutputFiles output = request_.common.output;
  output.name = prompts_[index].name;
  return output;
}

TraceRequest ListTracer::request_of(std::size_t index) const {
  TraceRequest request = request_.common;
  request.prompt = prompts_[index].prompt;
  request.attribution.targets.named = prompts_[index].targets;
  request.output = output_of(index);
  return request;
}

bool ListTracer::is_done(std::size_t index) const {
  return cli::is_done(output_of(index), request_.common.save_graph, hashes_[index]);
}

std::size_t ListTracer::settle_errors() {
  return errors_.settle(prompts_, [&](const ListedPrompt& prompt) {
    return is_done(static_cast<std::size_t>(&prompt - prompts_.data()));
  });
}

void ListTracer::take(std::size_t index) {
  if (is_done(index)) {
    ++already_there_;
    list_->finish(index);
    return;
  }
  partial_.remove_all_of(output_of(index));
  if (!tracer_) load();
  request_.begins(index);
  auto outcome = std::make_shared<Outcome>(trace(index));
  const std::int64_t edges = edges_of(*outcome);
  unfinished_edges_ += edges;
  worker_.run([this, index, outcome, edges] {
    finish(index, std::move(*outcome));
    unfinished_edges_ -= edges;
  });
}

// Graphs that wait for their files take memory that a single trace would have.
ListTracer::Outcome ListTracer::trace(std::size_t index) {
  const bool alone = worker_.is_idle();
  Outcome outcome = trace_once(index);
  if (alone || std::holds_alternative<Trace>(outcome)) return outcome;
  worker_.wait();
  return trace_once(index);
}

ListTracer::Outcome ListTracer::trace_once(std::size_t index) {
  const ListedPrompt& prompt = prompts_[index];
  try {
    TraceRequest request = request_of(index);
    request.attribution.memory_bytes -= unfinished_edges_ * kFinishBytesPerEdge;
    first_token_.check(request.prompt, "line " + std::to_string(prompt.line) + ": token_ids begin",
                       request.warn);
    return tracer_->trace(request.prompt, request.attribution, request.progress);
  } catch (...) {
    return failure_line(std::current_exception(), "trace");
  }
}

void ListTracer::finish(std::size_t index, Outcome outcome) {
  if (const auto* error = std::get_if<std::string>(&outcome)) {
    finish_failed(index, *error);
  } else {
    finish_traced(index, std::move(std::get<Trace>(outcome)));
  }
  list_->finish(index);
}

void ListTracer::finish_traced(std::size_t index, Trace traced) {
  TraceReport report;
  try {
    report = finish_trace(request_of(index), *tracer_, std::move(traced), GraphIndex::kLeave);
    write_done_mark(output_of(index), hashes_[index]);
  } catch (...) {
    finish_failed(index, failure_line(std::current_exception(), "trace"));
    return;
  }
  ++traced_;
  errors_.remove(prompts_[index]);
  request_.traced(prompts_[index], report);
}

void ListTracer::finish_failed(std::size_t index, const std::string& error) {
  if (is_done(index)) {  // by a process that took it over because this one was held up
    ++already_there_;
  } else {
    ++failed_;
    errors_.add(prompts_[index], error);
    request_.failed(prompts_[index], error);
  }
}

std::size_t ListTracer::close() {
  const std::filesystem::path& folder = request_.common.output.folder;
  const std::size_t failed = settle_errors();
  for (const OutputFormat format : parse_formats(request_.common.output.formats)) {
    if (format == OutputFormat::kJson) rebuild_graph_index(folder);
  }
  const FolderLock lock(folder);  // who writes the index holds it too
  PartialFiles(folder).remove(folder / "graph-metadata.json");
  return failed;
}

void ListTracer::load() {
  std::map<std::string, double> seconds;
  tracer_.emplace(timed(seconds, "load", [&] { return Tracer(request_.common.load); }));
  load_seconds_ = seconds["load"];
  warn_of_other_model(request_.common, *tracer_);
  loaded_ = std::chrono::steady_clock::now();
}

}  // namespace circuit::cli
