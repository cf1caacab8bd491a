// The boxes of a picture before they are placed. Private to picture.cpp.
#pragma once

#include <vector>

#include "export/kept_graph.h"
#include "export/picture.h"

namespace circuit {

/// One box per kept node, with text and size.
std::vector<Box> make_boxes(const AttributionGraph& graph, const PrunedGraph& pruned,
                            const KeptGraph& kept, const PictureOptions& options);

/// Sizes of text in boxes, in points.
inline constexpr double kHeadingSize = 8.5;
inline constexpr double kLabelSize = 7.5;

}  // namespace circuit
