// GraphML of the kept nodes and edges, for networkx, Gephi, yEd and igraph.
#pragma once

#include <span>
#include <string>

#include "graph/attribution_graph.h"
#include "graph/prune.h"
#include "graph/supernodes.h"

namespace circuit {

/// Node ids are those of viewer files. Attributes of nodes: kind, layer, position, feature, label,
/// and where they exist activation (features), influence (cumulative, all but targets) and
/// probability (targets), supernode (the name of its group); of edges: weight (signed) and share.
/// Throws std::invalid_argument when the masks do not fit the graph.
std::string graphml(const AttributionGraph& graph, const PrunedGraph& pruned,
                    std::span<const Supernode> supernodes = {});

}  // namespace circuit
