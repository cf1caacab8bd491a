// Which edges a picture shows when it cannot show all.
#pragma once

#include <cstddef>
#include <vector>

#include "graph/attribution_graph.h"
#include "graph/kept_graph.h"
#include "graph/prune.h"

namespace circuit {

/// The `most` edges that matter most, in their order; all for 0. What counts is an edge's share of
/// what its target reads, times the share of all influence that lies in nodes behind the target;
/// for the graph's own targets the share alone. Ties go to the first.
std::vector<KeptEdge> strongest_edges(const AttributionGraph& graph, const PrunedGraph& pruned,
                                      const std::vector<KeptEdge>& edges, std::size_t most);

}  // namespace circuit
