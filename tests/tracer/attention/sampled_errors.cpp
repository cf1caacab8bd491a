#include "tests/tracer/attention/sampled_errors.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "tracer/attention/loadings.h"
#include "tracer/attention/score_terms.h"
#include "tracer/attribution/attribute.h"

namespace circuit::testing {
namespace {

double error_of(const HeadLoadings& found) {
  const auto off = [&](double sum) { return std::abs(sum - found.edge); };
  double error =
      std::max({off(found.stored),
                off(std::accumulate(found.last.begin(), found.last.end(), found.residual)),
                off(std::accumulate(found.by_hops.begin(), found.by_hops.end(), 0.0))});
  for (std::size_t layer = 0; layer < found.past.size(); ++layer) {
    const auto first = found.through.begin() + static_cast<std::ptrdiff_t>(layer) * found.n_heads;
    error = std::max(error, off(std::accumulate(first, first + found.n_heads, found.past[layer])));
  }
  return found.absolute_sum > 0.0 ? error / found.absolute_sum : 0.0;
}

// The score if query and key were parallel.
double parallel_score(const ReplacementRun& run, const ScoreCell& cell) {
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

bool sees(const ReplacementRun& run, const ScoreCell& cell) {
  const auto& attention = run.model->blocks[static_cast<std::size_t>(cell.head.layer)].attention;
  return cell.key <= cell.query && (attention.span == AttentionSpan::kFull ||
                                    cell.key > cell.query - run.model->config.sliding_window);
}

void sample_scores(const ReplacementRun& run, std::size_t samples, std::mt19937_64& random,
                   SampledErrors& errors) {
  const auto draw = [&](std::int64_t end) {
    return static_cast<std::int32_t>(random() % static_cast<std::uint64_t>(end));
  };
  std::vector<ScoreCell> cells;
  while (cells.size() < samples) {
    const ScoreCell cell{.head = {draw(run.n_layers()), draw(run.model->config.n_heads)},
                         .query = draw(run.n_positions()),
                         .key = draw(run.n_positions())};
    if (sees(run, cell)) cells.push_back(cell);
  }
  Sources sources(run);
  ScoreSides sides(run, sources);
  for (const ScoreTable& table : score_tables(run, sides, cells, {})) {
    const double error = std::abs(table.sum - table.score) /
                         std::max(table.absolute_sum, parallel_score(run, table.cell));
    if (error < errors.scores) continue;
    errors.scores = error;
    errors.worst_score = std::to_string(table.cell.head.layer) + "." +
                         std::to_string(table.cell.head.head) + " " +
                         std::to_string(table.cell.query) + " -> " +
                         std::to_string(table.cell.key) + ": " + std::to_string(table.score);
  }
}

}  // namespace

SampledErrors sample_errors(const Model& model, const TranscoderSet& transcoders,
                            const std::vector<std::int32_t>& ids, std::size_t samples,
                            std::int64_t max_features) {
  const c10::InferenceMode inference;
  const ReplacementRun run = run_replacement(model, transcoders, ids);
  const OutputTargets outputs = choose_targets(run, {}, nullptr);
  AttributionOptions options;
  options.max_features = max_features;
  Attribution result = attribute(run, outputs, options);
  result.nodes.tokens.assign(ids.size(), "");
  const AttributionGraph graph(std::move(result.nodes), std::move(result.edges));

  std::mt19937_64 random(11);
  SampledErrors errors;
  const EdgeMatrix& edges = graph.edges();
  for (std::size_t i = 0; i < samples; ++i) {
    const auto edge = static_cast<std::int64_t>(random() % edges.edges());
    const auto row =
        std::ranges::upper_bound(edges.row_offsets, edge) - edges.row_offsets.begin() - 1;
    const HeadLoadings found =
        head_loadings(run, graph, outputs.rows.covectors,
                      static_cast<std::size_t>(edges.columns[static_cast<std::size_t>(edge)]),
                      static_cast<std::size_t>(row), {.sequences = 0});
    errors.edges = std::max(errors.edges, error_of(found));
  }
  sample_scores(run, samples, random, errors);
  return errors;
}

}  // namespace circuit::testing
