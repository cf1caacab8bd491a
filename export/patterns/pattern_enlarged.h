// One head enlarged: its map with the tokens on both axes, and beside it why it looks where it
// does. Private to pattern_picture.cpp.
#pragma once

#include <span>
#include <string>

#include "export/patterns/pattern_picture.h"
#include "export/patterns/svg_writer.h"

namespace circuit {

struct DrawnSize {
  double width = 0;
  double height = 0;
};

/// Draws with the upper left corner at `x`, `y`.
DrawnSize draw_enlarged(const Head& head, const AttentionPatterns& patterns,
                        std::span<const std::string> tokens, const PatternOptions& options,
                        double x, double y, SvgWriter& svg);

}  // namespace circuit
