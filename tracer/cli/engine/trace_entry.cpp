#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>

#include "export/graph_file.h"
#include "export/outputs.h"
#include "export/slug.h"
#include "graph/influence.h"
#include "tracer/cli/engine.h"
#include "tracer/cli/engine/run_guarded.h"
#include "tracer/inspect.h"
#include "tracer/text/tokenizer.h"
#include "tracer/tracer.h"

namespace circuit::cli {
namespace {

// Features that get a name beside the kept ones, for those who prune less strictly later.
constexpr std::size_t kMoreNamedFeatures = 256;

/// Runs `stage` and notes under `name` how long it took.
template <typename Stage>
auto timed(std::map<std::string, double>& seconds, const char* name, Stage&& stage) {
  const auto start = std::chrono::steady_clock::now();
  auto result = std::forward<Stage>(stage)();
  seconds[name] += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

void warn_of_oddities(const TraceRequest& request, const Tracer& tracer) {
  const LoadOptions& folders = request.load;
  const std::string other =
      find_other_model_name(tracer.model_name(), folders.model, folders.transcoders);
  if (!other.empty()) {
    request.warn("transcoders " + folders.transcoders.string() + " are for the model '" + other +
                 "', given is '" + tracer.model_name() + "'");
  }
  const auto& ids = request.prompt.token_ids;
  if (ids && !ids->empty() && std::filesystem::exists(folders.model / "tokenizer.json")) {
    const Tokenizer tokenizer = Tokenizer::load(folders.model);
    if (!tokenizer.is_special(ids->front())) {
      request.warn("--token-ids begin with " + std::to_string(ids->front()) +
                   ", which is no special token of this model: its first position carries no "
                   "features");
    }
  }
}

/// The kept features and the most influential ones beside them.
std::vector<std::uint8_t> features_to_name(const AttributionGraph& graph,
                                           const PrunedGraph& pruned) {
  const std::vector<double> influence = compute_influence(graph);
  std::vector<std::size_t> order(graph.n_features());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto count = static_cast<std::ptrdiff_t>(std::min(kMoreNamedFeatures, order.size()));
  std::ranges::partial_sort(order, order.begin() + count, [&](std::size_t a, std::size_t b) {
    return influence[a] != influence[b] ? influence[a] > influence[b] : a < b;
  });
  std::vector<std::uint8_t> mask = pruned.node_mask;
  for (std::ptrdiff_t i = 0; i < count; ++i) mask[order[static_cast<std::size_t>(i)]] = 1;
  return mask;
}

std::string default_name(const TraceRequest& request, const AttributionGraph& graph) {
  if (!request.prompt.token_ids) return slug(request.prompt.prompt);
  std::string text;
  for (const std::string& token : graph.nodes().tokens) text += token;
  return slug(text);
}

std::vector<std::filesystem::path> write_files(const TraceRequest& request,
                                               const AttributionGraph& graph,
                                               const PrunedGraph& pruned, const Scores& scores) {
  OutputFiles output = request.output;
  if (output.name.empty()) output.name = default_name(request, graph);
  std::vector<std::filesystem::path> files = write_outputs(
      output.folder, output.name, parse_formats(output.formats), graph, pruned, scores);
  if (request.save_graph) {
    write_graph_file(output.graph_file(), graph, nullptr, scores);
    files.push_back(output.graph_file());
  }
  return files;
}

void describe(const AttributionGraph& graph, const PrunedGraph& pruned, TraceReport& report) {
  report.ids = graph.nodes().input_ids;
  report.tokens = graph.nodes().tokens;
  report.targets = graph.nodes().targets;
  report.active_features = graph.nodes().active_features.size();
  report.selected_features = graph.n_features();
  report.nodes = graph.n_nodes();
  report.kept_nodes = pruned.kept_nodes();
  report.edges = graph.edges().edges();
  report.kept_edges = pruned.kept_edges();
  report.closure_error = graph.closure_error();
}

TraceReport trace(const TraceRequest& request) {
  TraceReport report;
  const Tracer tracer = timed(report.seconds, "load", [&] { return Tracer(request.load); });
  warn_of_oddities(request, tracer);
  Trace traced = tracer.trace(request.prompt, request.attribution, request.progress);
  report.seconds.insert(traced.seconds.begin(), traced.seconds.end());
  AttributionGraph& graph = traced.graph;
  const PrunedGraph pruned =
      timed(report.seconds, "prune", [&] { return prune(graph, request.pruning); });
  report.scores = timed(report.seconds, "prune", [&] { return compute_scores(graph); });
  report.files = timed(report.seconds, "export", [&] {
    tracer.label_features(graph, features_to_name(graph, pruned));
    return write_files(request, graph, pruned, report.scores);
  });
  describe(graph, pruned, report);
  report.peak_memory_bytes = peak_memory_bytes();
  report.predicted_device_peak_bytes = traced.predicted_device_peak_bytes;
  report.device_peak_memory_bytes = tracer.device_peak_memory_bytes();
  return report;
}

}  // namespace
}  // namespace circuit::cli

int circuit_engine_trace(circuit::cli::TraceCall* call) {
  return circuit::cli::run_guarded(*call, "trace", circuit::cli::trace);
}
