// What pruning kept, as lists: the common input of every format of export/.
#pragma once

#include <cstddef>
#include <vector>

#include "graph/attribution_graph.h"
#include "graph/prune.h"

namespace circuit {

struct KeptEdge {
  std::size_t source = 0;  ///< Node index.
  std::size_t target = 0;  ///< Node index, greater than source.
  float weight = 0;
  double share = 0;       ///< |weight| over the sum of the target's kept inputs, in [0, 1].
  std::size_t index = 0;  ///< Among the graph's edges.
};

struct KeptGraph {
  std::vector<std::size_t> nodes;  ///< Node indices, ascending.
  std::vector<KeptEdge> edges;     ///< Between kept nodes only; by target, then source.
};

/// Throws std::invalid_argument when a mask is not of the graph's size.
void require_masks(const AttributionGraph& graph, const PrunedGraph& pruned);

/// Throws as `require_masks` does.
KeptGraph kept_graph(const AttributionGraph& graph, const PrunedGraph& pruned);

}  // namespace circuit
