#include "tests/tracer/attention/random_scores.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "tracer/model/attention.h"

namespace circuit::testing {
namespace {

bool sees(const ReplacementRun& run, const ScoreCell& cell) {
  const auto& attention = run.model->blocks[static_cast<std::size_t>(cell.head.layer)].attention;
  return cell.key <= cell.query && (attention.span == AttentionSpan::kFull ||
                                    cell.key > cell.query - run.model->config.sliding_window);
}

}  // namespace

std::vector<ScoreCell> random_cells(const ReplacementRun& run, std::size_t count,
                                    std::mt19937_64& random) {
  const auto draw = [&](std::int64_t end) {
    return static_cast<std::int32_t>(random() % static_cast<std::uint64_t>(end));
  };
  std::vector<ScoreCell> cells;
  while (cells.size() < count) {
    ScoreCell cell;
    cell.head = {draw(run.n_layers()), draw(run.model->config.n_heads)};
    cell.query = draw(run.n_positions());
    cell.key = draw(run.n_positions());
    if (sees(run, cell)) cells.push_back(cell);
  }
  return cells;
}

double parallel_score(const ReplacementRun& run, const ScoreCell& cell) {
  const c10::InferenceMode inference;
  const ModelConfig& c = run.model->config;
  const Block& block = run.model->blocks[static_cast<std::size_t>(cell.head.layer)];
  const at::Tensor residual = recorded_value(
      *run.model, run.record, {.site = ModelSite::kResidualPre, .layer = cell.head.layer});
  const QueriesAndKeys live = queries_and_keys(
      c, block.attention,
      rotary_tables(c, run.n_positions(), residual.scalar_type()).of(block.attention.span),
      norm_forward(block.attention_norm, residual).output);
  return (live.query[cell.head.head][cell.query].norm() *
          live.key[cell.head.head / (c.n_heads / c.n_kv_heads)][cell.key].norm())
             .item<double>() /
         score_divisor(c);
}

}  // namespace circuit::testing
