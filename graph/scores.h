// Two numbers for how much of a graph is explained (docs/method.md, scores).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "graph/attribution_graph.h"

namespace circuit {

/// Both empty when the graph has no influence at all; `replacement` also when none reaches a token
/// or an error.
struct Scores {
  std::optional<double> replacement;   ///< I(tokens) / (I(tokens) + I(errors))
  std::optional<double> completeness;  ///< influence-weighted share of inputs that are not errors
};

/// Scores of the whole graph.
Scores compute_scores(const AttributionGraph& graph);

/// Scores of the subgraph of masked nodes [n_nodes]: edges from a removed feature count as edges
/// from the error of its layer and position; removed errors stay errors; tokens and targets stay.
/// Throws std::invalid_argument when the mask has another size.
Scores compute_scores(const AttributionGraph& graph, std::span<const std::uint8_t> node_mask);

}  // namespace circuit
