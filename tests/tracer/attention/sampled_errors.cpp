#include "tests/tracer/attention/sampled_errors.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "tests/tracer/attention/random_scores.h"
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

void sample_scores(const ReplacementRun& run, std::size_t samples, std::mt19937_64& random,
                   SampledErrors& errors) {
  const std::vector<ScoreCell> cells = random_cells(run, samples, random);
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
