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
constexpr double kLeastLine =
    0.01;  // share below which a line is too faint to be taken for another
constexpr std::size_t kMostLines = 400;  // that are looked at, the strongest
constexpr std::size_t kMostBeside = 3;   // lines beside the one that is named
constexpr std::size_t kSteps = 24;       // of each piece of a curve

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

/// Points close enough that no line passes a name between two of them.
std::vector<Point> points_along(const Curve& curve) {
  const std::size_t steps = kSteps * (curve.points.size() - 1) / 3;
  std::vector<Point> points;
  for (std::size_t i = 0; i <= steps; ++i) {
    points.push_back(point_of(curve, static_cast<double>(i) / static_cast<double>(steps)));
  }
  return points;
}

/// Where names can go: not on boxes, not on each other, and where few lines run beside their own.
class Places {
 public:
  explicit Places(const Picture& picture) {
    for (const Box& box : picture.boxes) {
      taken_.push_back(extent_around(box.centre, box.width, box.height));
    }
    for (const Curve& curve : picture.curves | std::views::reverse | std::views::take(kMostLines)) {
      if (curve.share >= kLeastLine) lines_.push_back(points_along(curve));
    }
  }

  /// The place along the curve with the fewest other lines, from its middle; none if no place is
  /// free or in each so many lines run that the name could be any one's.
  std::optional<Point> take(const Curve& curve) {
    const double width = text_width(curve.head, kHeadNameSize) + 2 * kSpace;
    std::optional<Extent> best;
    std::size_t fewest = kMostBeside + 2;  // its own line is one of them
    for (const double t : {0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82, 0.1, 0.9}) {
      const Extent wanted = extent_around(point_of(curve, t), width, kHeadNameSize + 2 * kSpace);
      const auto meets = [&](const Extent& other) { return wanted.meets(other); };
      if (std::ranges::any_of(taken_, meets)) continue;
      const std::size_t lines = lines_in(wanted);
      if (lines >= fewest) continue;
      best = wanted;
      fewest = lines;
    }
    if (!best) return std::nullopt;
    taken_.push_back(*best);
    return Point{(best->low.x + best->high.x) / 2, (best->low.y + best->high.y) / 2};
  }

 private:
  std::size_t lines_in(const Extent& extent) const {
    const auto inside = [&](const Point& point) {
      return extent.low.x <= point.x && point.x <= extent.high.x && extent.low.y <= point.y &&
             point.y <= extent.high.y;
    };
    return static_cast<std::size_t>(std::ranges::count_if(
        lines_, [&](const auto& points) { return std::ranges::any_of(points, inside); }));
  }

  std::vector<Extent> taken_;
  std::vector<std::vector<Point>> lines_;
};

}  // namespace

void name_heads(const AttributionGraph& graph, std::size_t most, Picture& picture) {
  if (graph.attention().edge_heads.empty()) return;
  Places places(picture);
  std::size_t named = 0;
  for (Curve& curve : picture.curves | std::views::reverse) {  // weak ones come first
    const std::size_t source = picture.boxes[curve.source].node;
    const std::size_t target = picture.boxes[curve.target].node;
    curve.head = main_head(graph, source, target);
    if (curve.head.empty() || curve.share < kLeastShare || named == most) continue;
    curve.head_at = places.take(curve);
    if (!curve.head_at) continue;
    ++named;
  }
}

}  // namespace circuit
