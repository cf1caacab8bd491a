#include "export/picture/picture_targets.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace circuit {
namespace {

constexpr double kLeastWidth = 320;  // of a full line in a narrow picture

/// From the bottom, without levels.
std::vector<TargetLine> cut_cell(std::span<const Box> boxes, const TargetCell& cell, double right,
                                 double gap) {
  std::vector<TargetLine> lines;
  for (const std::size_t box : cell.boxes) {
    const double wider = lines.empty() ? 0 : lines.back().width + gap + boxes[box].width;
    if (lines.empty() || wider > std::max(right, kLeastWidth)) {
      lines.push_back({.boxes = {box}, .width = boxes[box].width});
    } else {
      lines.back().boxes.push_back(box);
      lines.back().width = wider;
    }
  }
  for (TargetLine& line : lines) line.centre = std::min(cell.centre, right - line.width / 2);
  std::ranges::reverse(lines);
  return lines;
}

}  // namespace

std::vector<TargetLine> arrange_targets(std::span<const Box> boxes,
                                        std::span<const TargetCell> cells, double right,
                                        double gap) {
  std::vector<TargetLine> placed;
  const auto is_free = [&](const TargetLine& line) {
    return std::ranges::none_of(placed, [&](const TargetLine& other) {
      return other.level == line.level &&
             std::abs(other.centre - line.centre) < (other.width + line.width) / 2 + gap;
    });
  };
  for (const TargetCell& cell : cells) {
    std::size_t level = 0;
    for (TargetLine& line : cut_cell(boxes, cell, right, gap)) {
      line.level = level;
      while (!is_free(line)) ++line.level;
      level = line.level + 1;
      placed.push_back(std::move(line));
    }
  }
  std::ranges::stable_sort(placed, {}, &TargetLine::level);
  return placed;
}

}  // namespace circuit
