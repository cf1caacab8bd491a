// DOT text of a picture, every position written out. Private to dot.cpp, which lets Graphviz draw
// it.
#pragma once

#include <string>

#include "export/picture/picture.h"
#include "graph/attribution_graph.h"
#include "graph/prune.h"

namespace circuit {

std::string dot_text(const AttributionGraph& graph, const PrunedGraph& pruned,
                     const Picture& picture);

}  // namespace circuit
