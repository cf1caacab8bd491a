// By which attention head an edge mostly runs, written on the strongest edges of a picture. Private
// to picture.cpp.
#pragma once

#include <cstddef>

#include "export/picture/picture.h"
#include "graph/attribution_graph.h"

namespace circuit {

inline constexpr double kHeadNameSize = 7;  // points

/// Names the head of every curve whose largest part runs by one, and places the names of at most
/// `most` of them, the strongest, where they cover no box and no other name. Curves are of single
/// edges of `graph`.
void name_heads(const AttributionGraph& graph, std::size_t most, Picture& picture);

}  // namespace circuit
