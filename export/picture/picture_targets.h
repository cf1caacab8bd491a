// Where targets stand above the columns that they read at. Private to picture.cpp.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "export/picture/picture.h"

namespace circuit {

/// The targets of one position, the most probable first.
struct TargetCell {
  double centre = 0;  ///< of the column
  std::vector<std::size_t> boxes;
};

/// Boxes side by side; none of one level overlap.
struct TargetLine {
  std::vector<std::size_t> boxes;
  double centre = 0, width = 0;
  std::size_t level = 0;  ///< counted from the bottom
};

/// By level. Targets need not widen their columns: they spill over the others, to the left where
/// the picture ends at `right`, and into further lines where one is full; of a column the most
/// probable stand on top.
std::vector<TargetLine> arrange_targets(std::span<const Box> boxes,
                                        std::span<const TargetCell> cells, double right,
                                        double gap);

}  // namespace circuit
