// What choosing features takes from a prompt's graph.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/attribution_graph.h"

namespace circuit {

struct TracedFeature {
  std::int32_t layer = 0, position = 0, feature = 0;
  float activation = 0;
  double influence = 0;     ///< 0 where the feature is no node
  double direct_share = 0;  ///< of it, what runs straight to the targets, [0, 1]
};

/// All features that fired, in the graph's order.
std::vector<TracedFeature> traced_features(const AttributionGraph& graph);

}  // namespace circuit
