// Random attribution graphs that keep every invariant, with zero rows and ties on request.
#pragma once

#include <cstdint>

#include "graph/attribution_graph.h"

namespace circuit::testing {

struct RandomGraphOptions {
  std::uint32_t seed = 0;
  /// Weights are ±1, ±2 or ±4 instead of normally distributed, so that many scores tie.
  bool ties = false;
};

/// 1 to 4 layers, 1 to 5 positions, 0 to 30 active features, 1 to 4 targets; about a tenth of the
/// rows are empty and some edges are stored as 0. With row totals, labels and similarity.
AttributionGraph random_graph(const RandomGraphOptions& options);

}  // namespace circuit::testing
