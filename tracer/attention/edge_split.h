// How the kept edges of a graph divide among heads, all of them at once, and which scores carry
// them (docs/method.md, heads of an edge; scores that carry a graph).
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "graph/attribution_graph.h"
#include "graph/edge_heads.h"
#include "graph/prune.h"
#include "graph/score_table.h"
#include "tracer/replacement/run.h"

namespace circuit {

struct CarryingScore {
  ScoreCell cell;
  double share = 0;  ///< of all that kept edges take straight from their source by one head
};

struct EdgeSplit {
  EdgeHeads heads;
  std::vector<CarryingScore> scores;  ///< those that carry most first; all of them
};

/// Pushes every kept source through the frozen network once. `memory_bytes` bounds what is held
/// beside `run`, but for what one source takes. The result does not depend on it, nor on the number
/// of threads. Throws std::invalid_argument when the masks are not of the graph.
EdgeSplit split_edges(const ReplacementRun& run, const AttributionGraph& graph,
                      const PrunedGraph& pruned, const at::Tensor& covectors,
                      std::int64_t memory_bytes);

}  // namespace circuit
