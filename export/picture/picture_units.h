// Supernodes in a picture: one box each, with collapsed edges. Private to picture.cpp.
#pragma once

#include <vector>

#include "export/picture/picture.h"
#include "graph/kept_graph.h"
#include "graph/supernodes.h"

namespace circuit {

/// The units of a grouped graph as nodes, each under the index of its first member; edges hold
/// signed sums and the shares of their magnitudes, and may lead down.
KeptGraph unit_graph(const GroupedGraph& grouped);

/// One box per unit, in the order of `unit_graph`'s nodes: a supernode stands in the median layer
/// of its members and at the position that most of them have.
std::vector<Box> make_unit_boxes(const AttributionGraph& graph, const PrunedGraph& pruned,
                                 const GroupedGraph& grouped, const PictureOptions& options);

/// Fills in what curves say of collapsed edges.
void fill_magnitudes(const GroupedGraph& grouped, Picture& picture);

}  // namespace circuit
