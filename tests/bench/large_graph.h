// Attribution graphs too large for synthetic_graph: nodes and edges as many as asked for.
#pragma once

#include <cstddef>
#include <cstdint>

#include "graph/attribution_graph.h"

namespace circuit::bench {

struct LargeGraphOptions {
  std::size_t n_nodes = 10000;
  std::size_t n_edges = 20000000;  ///< about; less where so many do not fit
  std::int32_t n_layers = 26;
  std::int32_t n_positions = 40;
};

/// Features spread evenly over layers and positions, edges evenly over what a row may read, with
/// magnitudes of a heavy tail.
AttributionGraph large_graph(const LargeGraphOptions& options);

}  // namespace circuit::bench
