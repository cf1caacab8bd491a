// Exactness of a graph, checked without the backward that made it: push one source's vector
// forwards through the frozen network and compare what moves with the source's column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "graph/attribution_graph.h"
#include "tracer/replacement/run.h"

namespace circuit {

/// The largest disagreement found.
struct PredictionCheck {
  std::int64_t perturbed_sources = 0;
  std::int64_t checked_edges = 0;
  double largest_error = 0.0;  ///< |moved - edge| / absolute sum of the edge's row
  std::string worst;           ///< the edge where it occurred
};

/// Throws std::invalid_argument `[operation] …` when not exactly the features of the graph fire.
void require_same_features(const ReplacementRun& run, const GraphNodes& nodes,
                           const char* operation);

/// How far every row moves, selected features in order and then targets, when the vector of each of
/// `sources` (no targets) is added once more with everything frozen: [sources] of [rows].
/// `target_covectors` as in check_predictions, `run` of the graph's prompt.
std::vector<std::vector<double>> moved_rows(const ReplacementRun& run,
                                            const AttributionGraph& graph,
                                            const at::Tensor& target_covectors,
                                            std::span<const std::size_t> sources);

/// Perturbs `samples` sources (all when there are fewer), drawn by `seed` among selected features,
/// errors and tokens; compares every feature and target row. `target_covectors` [targets, d_model]
/// are read after the final norm. `run` is a fresh run of the graph's
/// prompt: throws std::invalid_argument when its features are not the graph's.
PredictionCheck check_predictions(const ReplacementRun& run, const AttributionGraph& graph,
                                  const at::Tensor& target_covectors, std::int64_t samples,
                                  std::uint64_t seed);

}  // namespace circuit
