// The boxes of a picture before they are placed. Private to picture.cpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "export/picture/picture.h"
#include "graph/kept_graph.h"

namespace circuit {

/// One box per kept node, with text and size.
std::vector<Box> make_boxes(const AttributionGraph& graph, const PrunedGraph& pruned,
                            const KeptGraph& kept, const PictureOptions& options);

/// The box of one node.
Box make_box(const AttributionGraph& graph, const PrunedGraph& pruned, std::size_t index,
             const PictureOptions& options);
/// Writes a supernode's name and a line about its members into `box`, and sets its size.
void fill_supernode(std::string_view name, std::string members, Box& box);
/// In [0, 1]: 1 for the most influential nodes.
double strength_of(const PrunedGraph& pruned, float cumulative_influence);

/// Sizes of text in boxes, in whole points: Graphviz cuts fractions in HTML-like labels.
inline constexpr double kHeadingSize = 9;
inline constexpr double kLabelSize = 8;

}  // namespace circuit
