#include "export/picture/picture_heads.h"

#include <algorithm>
#include <optional>
#include <ranges>
#include <string>
#include <vector>

#include "export/names/head_ids.h"
#include "export/text/output_text.h"

namespace circuit {
namespace {

constexpr double kLeastShare = 0.05;  // of the target's input: thinner lines carry no name
constexpr double kSpace = 2;          // around a name

struct Extent {
  Point low, high;
  bool meets(const Extent& other) const {
    return low.x < other.high.x && other.low.x < high.x && low.y < other.high.y &&
           other.low.y < high.y;
  }
};

Extent extent_around(Point centre, double width, double height) {
  return {{centre.x - width / 2, centre.y - height / 2},
          {centre.x + width / 2, centre.y + height / 2}};
}

/// Parts are the largest first; empty when most of the edge runs through no single head.
std::string main_head(const AttributionGraph& graph, std::size_t source, std::size_t target) {
  const std::optional<std::size_t> edge = graph.edges().find(target, source);
  if (!edge) return "";
  const auto parts = graph.attention().edge_heads.find(*edge);
  if (parts.empty() || parts.front().way != EdgeWay::kHead) return "";
  return head_id(parts.front().head);
}

/// The point at `t` in [0, 1] of all its pieces.
Point point_of(const Curve& curve, double t) {
  const std::size_t pieces = (curve.points.size() - 1) / 3;
  const double scaled = t * static_cast<double>(pieces);
  const auto piece = std::min(static_cast<std::size_t>(scaled), pieces - 1);
  const double u = scaled - static_cast<double>(piece), v = 1 - u;
  const Point* const p = &curve.points[3 * piece];
  const auto at = [&](double Point::*axis) {
    return v * v * v * p[0].*axis + 3 * v * v * u * p[1].*axis + 3 * v * u * u * p[2].*axis +
           u * u * u * p[3].*axis;
  };
  return {at(&Point::x), at(&Point::y)};
}

/// The first place along the curve, from its middle, that is free.
std::optional<Point> free_place(const Curve& curve, const std::vector<Extent>& taken) {
  const double width = text_width(curve.head, kHeadNameSize) + 2 * kSpace;
  for (const double t : {0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.12, 0.88}) {
    const Point place = point_of(curve, t);
    const Extent wanted = extent_around(place, width, kHeadNameSize + 2 * kSpace);
    const auto meets = [&](const Extent& other) { return wanted.meets(other); };
    if (std::ranges::none_of(taken, meets)) return place;
  }
  return std::nullopt;
}

}  // namespace

void name_heads(const AttributionGraph& graph, std::size_t most, Picture& picture) {
  if (graph.attention().edge_heads.empty()) return;
  std::vector<Extent> taken;
  for (const Box& box : picture.boxes) {
    taken.push_back(extent_around(box.centre, box.width, box.height));
  }
  std::size_t named = 0;
  for (Curve& curve : picture.curves | std::views::reverse) {  // weak ones come first
    const std::size_t source = picture.boxes[curve.source].node;
    const std::size_t target = picture.boxes[curve.target].node;
    curve.head = main_head(graph, source, target);
    if (curve.head.empty() || curve.share < kLeastShare || named == most) continue;
    curve.head_at = free_place(curve, taken);
    if (!curve.head_at) continue;
    taken.push_back(
        extent_around(*curve.head_at, text_width(curve.head, kHeadNameSize), kHeadNameSize));
    ++named;
  }
}

}  // namespace circuit
