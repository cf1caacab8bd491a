#include "tracer/cli/engine/attention_step.h"

#include <map>
#include <span>
#include <utility>

#include "export/text/output_text.h"
#include "tracer/cli/engine/table_features.h"
#include "tracer/cli/engine/timed.h"
#include "tracer/heads.h"

namespace circuit::cli {
namespace {

constexpr const char* kPhase = "attention";

AttentionSummary summarise(const AttentionDetails& details) {
  std::map<Head, AttentionSummary::OfHead> heads;
  AttentionSummary summary{.divided_edges = details.edge_heads.edges.size(),
                           .tables = details.tables.size()};
  for (std::size_t i = 0; i < summary.divided_edges; ++i) {
    const std::span<const EdgePart> parts = details.edge_heads.parts_of(i);
    if (parts.empty() || parts.front().way != EdgeWay::kHead) continue;
    ++heads[parts.front().head].largest_of;
  }
  for (std::size_t i = 0; i < summary.tables; ++i) {
    heads[details.tables[i].cell.head].carried += details.carried[i];
    summary.carried += details.carried[i];
  }
  for (auto& [head, of_head] : heads) {
    of_head.head = head;
    summary.heads.push_back(of_head);
  }
  return summary;
}

void add_settings(const DetailOptions& options, AttributionGraph& graph) {
  if (options.per_head) graph.add_setting("per-head", "true");
  if (!options.qk) return;
  graph.add_setting("qk", "true");
  graph.add_setting("qk-share", number_text(options.qk_share));
  graph.add_setting("qk-top", std::to_string(options.table.top));
}

}  // namespace

bool wants_attention(const TraceRequest& request) {
  return request.attention.per_head || request.attention.qk;
}

std::optional<AttentionSummary> add_attention(const TraceRequest& request, const Tracer& tracer,
                                              const PrunedGraph& pruned, AttributionGraph& graph,
                                              std::map<std::string, double>& seconds) {
  if (!wants_attention(request)) return std::nullopt;
  if (request.progress) request.progress(kPhase, 0, 1);
  DetailOptions options = request.attention;
  options.table.memory_bytes = request.attribution.memory_bytes;
  return timed(seconds, kPhase, [&] {
    AttentionDetails details =
        HeadTracer(tracer, graph, options.table.memory_bytes).details(pruned, options);
    const AttentionSummary summary = summarise(details);
    graph.set_attention(std::move(details));
    add_settings(options, graph);
    return summary;
  });
}

void label_table_features(const TraceRequest& request, const Tracer& tracer,
                          AttributionGraph& graph) {
  const std::vector<ScoreTable>& tables = graph.attention().tables;
  if (request.labels) {
    FeatureLabels given;
    for (const auto& feature : unnamed_features(graph, tables)) {
      const auto found = request.labels->find(feature);
      if (found != request.labels->end()) given.insert(*found);
    }
    graph.add_feature_labels(std::move(given));
  }
  graph.add_feature_labels(tracer.name_features(unnamed_features(graph, tables)));
}

}  // namespace circuit::cli
