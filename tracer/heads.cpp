#include "tracer/heads.h"

#include <algorithm>
#include <utility>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "tracer/attention/edge_split.h"
#include "tracer/attention/loadings.h"
#include "tracer/attention/score_terms.h"
#include "tracer/machine/process_memory.h"
#include "tracer/machine/threads.h"
#include "tracer/tracer_state.h"

namespace circuit {

struct HeadTracer::State {
  State(const Tracer::State& tracer, const AttributionGraph& of, std::int64_t memory_bytes)
      : graph(of),
        run(tracer.run_again(of, "attention", (memory_bytes - resident_memory_bytes()) / 2)),
        covectors(tracer.covectors_of(of, "attention")) {}

  std::vector<ScoreTable> tables(std::span<const ScoreCell> cells, const TableOptions& options) {
    if (!sides) {
      sources = std::make_unique<Sources>(run);
      sides = std::make_unique<ScoreSides>(run, *sources);
    }
    return score_tables(run, *sides, cells, options);
  }

  const AttributionGraph& graph;
  ReplacementRun run;
  at::Tensor covectors;              ///< of all outputs, [targets, d_model]
  std::unique_ptr<Sources> sources;  ///< these two once a table is asked for
  std::unique_ptr<ScoreSides> sides;
};

HeadTracer::HeadTracer(const Tracer& tracer, const AttributionGraph& graph,
                       std::int64_t memory_bytes) {
  const c10::InferenceMode inference;
  use_one_thread_here();
  state_ = std::make_unique<State>(*tracer.state_, graph, memory_bytes);
}

HeadTracer::~HeadTracer() = default;
HeadTracer::HeadTracer(HeadTracer&&) noexcept = default;
HeadTracer& HeadTracer::operator=(HeadTracer&&) noexcept = default;

HeadLoadings HeadTracer::loadings(std::size_t source, std::size_t target,
                                  const LoadingOptions& options) const {
  const c10::InferenceMode inference;
  use_one_thread_here();
  return head_loadings(state_->run, state_->graph, state_->covectors, source, target, options);
}

std::vector<ScoreTable> HeadTracer::tables(std::span<const ScoreCell> cells,
                                           const TableOptions& options) const {
  const c10::InferenceMode inference;
  use_one_thread_here();
  return state_->tables(cells, options);
}

AttentionDetails HeadTracer::details(const PrunedGraph& pruned,
                                     const DetailOptions& options) const {
  const c10::InferenceMode inference;
  use_one_thread_here();
  EdgeSplit split = split_edges(state_->run, state_->graph, pruned, state_->covectors,
                                options.table.memory_bytes - resident_memory_bytes());
  AttentionDetails details;
  if (options.per_head) details.edge_heads = std::move(split.heads);
  if (!options.qk) return details;
  std::vector<ScoreCell> cells;
  double covered = 0.0;
  for (const CarryingScore& score : split.scores) {
    if (covered >= options.qk_share || cells.size() == options.most_tables) break;
    cells.push_back(score.cell);
    details.carried.push_back(score.share);
    covered += score.share;
  }
  details.tables = state_->tables(cells, options.table);
  return details;
}

AttentionPatterns HeadTracer::patterns() const {
  const c10::InferenceMode inference;
  const ReplacementRun& run = state_->run;
  AttentionPatterns patterns{.n_layers = static_cast<std::int32_t>(run.n_layers()),
                             .n_heads = static_cast<std::int32_t>(run.model->config.n_heads),
                             .n_positions = static_cast<std::size_t>(run.n_positions()),
                             .weights = {}};
  for (const BlockRecord& block : run.record.blocks) {
    const at::Tensor plain = block.pattern.to(at::kFloat).to(at::kCPU).contiguous();
    patterns.weights.insert(patterns.weights.end(), plain.data_ptr<float>(),
                            plain.data_ptr<float>() + plain.numel());
  }
  return patterns;
}

}  // namespace circuit
