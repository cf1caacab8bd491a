// Rankings of a graph's features that need no run of the model: what an experiment's order is held
// against (docs/method.md, Faithfulness).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "graph/attribution_graph.h"
#include "tracer/replacement/run.h"

namespace circuit {

/// |edge into each target| as a share of the target's row, times the target's weight, added up over
/// targets [n_features].
std::vector<double> direct_edge_scores(const AttributionGraph& graph);

/// |activation| · √Σ ‖decoder row‖² over the layers written, of each feature node [n_features].
/// `run` is of the graph's prompt.
std::vector<double> activation_scores(const ReplacementRun& run, const AttributionGraph& graph);

/// Indices of `scores` in descending order, ties by index.
std::vector<std::size_t> descending_order(std::span<const double> scores);

/// 0 … count - 1 shuffled; the same on every platform.
std::vector<std::size_t> random_order(std::size_t count, std::uint64_t seed);

}  // namespace circuit
