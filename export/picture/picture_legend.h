// Heading and key of a picture. Private to picture.cpp.
#pragma once

#include "export/picture/picture.h"
#include "graph/kept_graph.h"

namespace circuit {

/// The extent of everything but heading and key.
struct Frame {
  double left = 0;
  double right = 0;
  double bottom = 0;
  double top = 0;
};

inline constexpr char kPositiveColour[] = "#0072B2";  // Okabe and Ito: told apart by everyone
inline constexpr char kNegativeColour[] = "#D55E00";

/// Of a comparison's lines and outlines, and of its boxes.
struct SideColours {
  const char* line;
  const char* fill;
};
SideColours side_colours(Side side);

/// Adds the prompt and the scores above `frame`, and below it what colours and widths mean.
void add_legend(const AttributionGraph& graph, const PrunedGraph& pruned, const KeptGraph& kept,
                const PictureOptions& options, const Frame& frame, Picture& picture);

}  // namespace circuit
