// The boxes of a picture before they are placed. Private to picture.cpp.
#pragma once

#include <vector>

#include "export/kept_graph.h"
#include "export/picture.h"

namespace circuit {

/// One box per kept node, with text and size.
std::vector<Box> make_boxes(const AttributionGraph& graph, const PrunedGraph& pruned,
                            const KeptGraph& kept, const PictureOptions& options);

/// Sizes of text in boxes, in whole points: Graphviz cuts fractions in HTML-like labels.
inline constexpr double kHeadingSize = 9;
inline constexpr double kLabelSize = 8;

}  // namespace circuit
