// Curves between placed boxes that run through the gaps of the lines they pass. Private to
// picture.cpp.
#pragma once

#include <span>
#include <vector>

#include "export/picture/picture.h"
#include "graph/kept_graph.h"

namespace circuit {

/// The vertical extent of one line of boxes.
struct LineExtent {
  double bottom = 0;
  double top = 0;
};

/// One curve per edge, weak ones first. `lines` [lines of boxes], `boxes` placed.
std::vector<Curve> route_edges(std::span<const KeptEdge> edges, std::span<const Box> boxes,
                               std::span<const LineExtent> lines);

}  // namespace circuit
