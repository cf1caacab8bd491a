// GraphML of the kept nodes and edges, for networkx, Gephi, yEd and igraph.
#pragma once

#include <string>

#include "graph/attribution_graph.h"
#include "graph/prune.h"

namespace circuit {

/// Node ids are those of viewer files. Attributes of nodes: kind, layer, position, feature, label,
/// and where they exist activation (features), influence (cumulative, all but targets) and
/// probability (targets); of edges: weight (signed) and share.
/// Throws std::invalid_argument when the masks do not fit the graph.
std::string graphml(const AttributionGraph& graph, const PrunedGraph& pruned);

}  // namespace circuit
