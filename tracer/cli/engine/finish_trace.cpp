#include "tracer/cli/engine/finish_trace.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <variant>

#include "export/file/graph_file.h"
#include "export/names/slug.h"
#include "export/outputs.h"
#include "graph/influence.h"
#include "tracer/cli/engine/attention_step.h"
#include "tracer/cli/engine/done_mark.h"
#include "tracer/cli/engine/timed.h"

namespace circuit::cli {
namespace {

// Features that get a name beside the kept ones, for those who prune less strictly later.
constexpr std::size_t kMoreNamedFeatures = 256;

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

/// The last message with a text in it.
std::string chat_name(const Chat& chat) {
  for (auto message = chat.messages.rbegin(); message != chat.messages.rend(); ++message) {
    std::string text;
    if (const auto* const whole = std::get_if<std::string>(&message->content)) text = *whole;
    if (const auto* const parts = std::get_if<std::vector<std::string>>(&message->content)) {
      for (const std::string& part : *parts) text += part;
    }
    if (!text.empty()) return slug(text);
  }
  return "chat";
}

std::string default_name(const TraceRequest& request, const AttributionGraph& graph) {
  if (!request.prompt.token_ids && request.prompt.chat) return chat_name(*request.prompt.chat);
  if (!request.prompt.token_ids) return slug(request.prompt.prompt);
  std::string text;
  for (const std::string& token : graph.nodes().tokens) text += token;
  return slug(text);
}

std::vector<std::filesystem::path> write_files(const TraceRequest& request,
                                               const AttributionGraph& graph,
                                               const PrunedGraph& pruned, const Scores& scores,
                                               GraphIndex index) {
  OutputFiles output = request.output;
  if (output.name.empty()) output.name = default_name(request, graph);
  // A mark of an earlier run is not one of the files that are written now.
  remove_done_mark(output);
  OutputOptions options{.picture = output.picture, .rebuild_index = index == GraphIndex::kRebuild};
  options.html.cards = request.cards;
  std::vector<std::filesystem::path> files = write_outputs(
      output.folder, output.name, parse_formats(output.formats), graph, pruned, scores, options);
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

}  // namespace

TraceReport finish_trace(const TraceRequest& request, const Tracer& tracer, Trace traced,
                         GraphIndex index) {
  TraceReport report;
  report.seconds = traced.seconds;
  AttributionGraph& graph = traced.graph;
  const PrunedGraph pruned =
      timed(report.seconds, "prune", [&] { return prune(graph, request.pruning); });
  report.scores = timed(report.seconds, "prune", [&] { return compute_scores(graph); });
  report.attention = add_attention(request, tracer, pruned, graph, report.seconds);
  report.files = timed(report.seconds, "export", [&] {
    if (request.labels && apply_labels(*request.labels, graph) == 0 && request.warn) {
      request.warn("[read_labels] --labels names none of the graph's features");
    }
    tracer.label_features(graph, features_to_name(graph, pruned));
    label_table_features(request, tracer, graph);
    return write_files(request, graph, pruned, report.scores, index);
  });
  describe(graph, pruned, report);
  // Heads and tables are computed in as large groups as the memory that is given has room for.
  report.predicted_peak_bytes =
      report.attention ? request.attribution.memory_bytes : traced.predicted_peak_bytes;
  report.predicted_device_peak_bytes = traced.predicted_device_peak_bytes;
  report.device_peak_memory_bytes = tracer.device_peak_memory_bytes();
  report.rounding = traced.rounding;
  report.peak_memory_bytes = peak_memory_bytes();
  return report;
}

}  // namespace circuit::cli
