#include <array>

#include "tracer/cli/attention_call.h"
#include "tracer/cli/engine/run_guarded.h"
#include "tracer/cli/engine/table_features.h"
#include "tracer/heads.h"
#include "tracer/tracer.h"

namespace circuit::cli {
namespace {

AttentionReport answer(const HeadTracer& heads, const EdgeQuestion& edge) {
  return {.answer = heads.loadings(edge.source, edge.target, edge.options), .labels = {}};
}

AttentionReport answer(const HeadTracer& heads, const ScoreQuestion& score) {
  return {.answer = heads.tables(std::array{score.cell}, score.options).front(), .labels = {}};
}

AttentionReport answer(const HeadTracer& heads, const PatternsQuestion&) {
  return {.answer = heads.patterns(), .labels = {}};
}

AttentionReport attention(const AttentionRequest& request) {
  const Tracer tracer(request.load);
  const HeadTracer heads(tracer, *request.graph, request.memory_bytes);
  AttentionReport report =
      std::visit([&](const auto& question) { return answer(heads, question); }, request.question);
  if (const auto* const table = std::get_if<ScoreTable>(&report.answer)) {
    report.labels =
        tracer.name_features(unnamed_features(*request.graph, std::span(table, std::size_t{1})));
  }
  return report;
}

}  // namespace
}  // namespace circuit::cli

int circuit_engine_attention(circuit::cli::AttentionCall* call) {
  return circuit::cli::run_guarded(*call, "attention", circuit::cli::attention);
}
