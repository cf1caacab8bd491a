#include "tests/tracer/attention/traced_setup.h"

#include <cmath>

#include <c10/core/InferenceMode.h>

#include "tracer/attribution/attribute.h"

namespace circuit::testing {

TracedSetup::TracedSetup(const TinyCase& tiny, at::ScalarType dtype) : setup(tiny, dtype) {
  const c10::InferenceMode inference;
  run = run_replacement(setup.model, *setup.transcoders, kIds);
  TargetOptions targets;
  for (const std::int32_t id : kTargetIds) targets.named.push_back("#" + std::to_string(id));
  targets.features = {{.layer = 1, .feature = 3, .position = 4},
                      {.layer = setup.model.config.n_layers - 1, .feature = 8, .position = 5}};
  for (const FeatureTarget& feature : targets.features) {
    more_targets.push_back(
        {.position = feature.position, .layer = feature.layer, .feature = feature.feature});
  }
  std::vector<float> vector(static_cast<std::size_t>(setup.model.config.d_model));
  for (std::size_t i = 0; i < vector.size(); ++i) {
    vector[i] = static_cast<float>(std::cos(static_cast<double>(i)));
  }
  targets.vectors = {{.label = "v", .vector = vector}};
  more_targets.push_back({.position = run.n_positions() - 1, .vector = vector});
  const OutputTargets outputs = choose_targets(run, targets, nullptr);
  AttributionOptions options;
  options.max_features = 0;
  Attribution result = attribute(run, outputs, options);
  result.nodes.tokens.assign(kIds.size(), "t");
  graph = std::make_unique<AttributionGraph>(result.nodes, result.edges, result.row_dropped,
                                             result.totals);
  covectors = outputs.rows.covectors;
}

TracedSetup::Ends TracedSetup::random_edge(std::mt19937_64& random) const {
  const EdgeMatrix& edges = graph->edges();
  const std::size_t rows = graph->n_features() + graph->n_targets();
  for (;;) {
    std::size_t target = random() % rows;
    if (target >= graph->n_features()) target += graph->first_target() - graph->n_features();
    if (edges.size(target) == 0) continue;
    const std::size_t edge = edges.begin(target) + random() % edges.size(target);
    return {.source = static_cast<std::size_t>(edges.columns[edge]), .target = target};
  }
}

double TracedSetup::row_scale(std::size_t target) const {
  double sum = 0.0;
  for (const float weight : graph->edges().row_weights(target)) sum += std::abs(weight);
  return sum;
}

std::int64_t TracedSetup::reference_row(std::size_t target) const {
  return static_cast<std::int64_t>(
      target < graph->n_features() ? target : target - graph->first_target() + graph->n_features());
}

}  // namespace circuit::testing
