#include "export/picture/picture_routes.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace circuit {
namespace {

constexpr double kClearance = 2.5;  // between a curve and a box beside it

/// What a line's boxes cover, left to right.
struct Interval {
  double left = 0;
  double right = 0;
};
using Obstacles = std::vector<std::vector<Interval>>;  // [lines]

Obstacles obstacles_of(std::span<const Box> boxes, std::size_t n_lines) {
  Obstacles obstacles(n_lines);
  for (const Box& box : boxes) {
    obstacles[box.line].push_back(
        {box.centre.x - box.width / 2 - kClearance, box.centre.x + box.width / 2 + kClearance});
  }
  for (auto& line : obstacles) std::ranges::sort(line, {}, &Interval::left);
  return obstacles;
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// The free gap of a line nearest to `x`; x itself is free when it lies inside.
Interval nearest_gap(const std::vector<Interval>& line, double x) {
  Interval best{-kInfinity, kInfinity};
  double distance = kInfinity;
  double left = -kInfinity;  // of the gap at hand
  for (std::size_t i = 0; i <= line.size(); ++i) {
    const double right = i < line.size() ? line[i].left : kInfinity;
    const double away = std::max({left - x, x - right, 0.0});
    if (right > left && away < distance) {
      best = {left, right};
      distance = away;
    }
    if (i < line.size()) left = std::max(left, line[i].right);
  }
  return best;
}

double smooth_step(double t) { return t * t * (3 - 2 * t); }

/// A cubic that leaves and arrives vertically; its x follows smooth_step of its y.
void append_piece(Point to, std::vector<Point>& points) {
  const Point from = points.back();
  const double third = (to.y - from.y) / 3;
  points.push_back({from.x, from.y + third});
  points.push_back({to.x, to.y - third});
  points.push_back(to);
}

/// A curve that must give way at a line: where it would have passed, and through which gap it goes.
struct Detour {
  std::size_t curve = 0;
  double ideal = 0;
  Interval gap;
};

/// Gives the curves of one gap lanes in the order in which they come, so that none cross in it:
/// from its left side those that come from the left, from its right side the others.
void assign_lanes(std::span<const Detour> group, std::vector<double>& x) {
  constexpr double kWidestLane = 3;
  const Interval gap = group.front().gap;
  const double step =
      std::min(kWidestLane, (gap.right - gap.left) / static_cast<double>(group.size()));
  for (std::size_t i = 0; i < group.size(); ++i) {
    const Detour& detour = group[i];
    const double from_left = gap.left + step * (static_cast<double>(i) + 0.5);
    const double from_right = gap.right - step * (static_cast<double>(group.size() - i) - 0.5);
    x[detour.curve] = detour.ideal < gap.left    ? from_left
                      : detour.ideal > gap.right ? from_right
                                                 : detour.ideal;
  }
}

/// Where a curve passes a line that is in its way.
struct Stop {
  std::size_t line = 0;
  double x = 0;
};

/// A curve on its way up.
struct Path {
  Point from;
  Point to;
  std::size_t first_line = 0;  // the lines it passes: [first_line, end_line)
  std::size_t end_line = 0;
  std::vector<Stop> stops;
};

/// Lines of boxes and what they cover.
struct Lines {
  std::span<const LineExtent> extents;
  Obstacles obstacles;

  Point below(Stop stop) const { return {stop.x, extents[stop.line].bottom - 2}; }
  Point above(Stop stop) const { return {stop.x, extents[stop.line].top + 2}; }
};

/// Where a curve that leaves `at` straight for its end would be at height `y`.
double x_at(double y, Point at, Point to) {
  return at.x + (to.x - at.x) * smooth_step((y - at.y) / (to.y - at.y));
}

/// The detour that a curve straight from `at` to `to` must make at a line, if any.
std::optional<Detour> detour_at(std::size_t line, Point at, Point to, const Lines& lines) {
  const LineExtent& extent = lines.extents[line];
  const double first = x_at(extent.bottom, at, to), last = x_at(extent.top, at, to);
  const double ideal = x_at((extent.bottom + extent.top) / 2, at, to);
  const Interval gap = nearest_gap(lines.obstacles[line], ideal);
  if (std::min(first, last) >= gap.left && std::max(first, last) <= gap.right) return std::nullopt;
  return Detour{.curve = 0, .ideal = ideal, .gap = gap};
}

/// Takes every path past one line: straight on where the line is free, else through the nearest
/// gap.
void pass_line(std::size_t line, const Lines& lines, std::vector<Path>& paths) {
  std::vector<Detour> detours;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const Path& path = paths[i];
    if (line < path.first_line || line >= path.end_line) continue;
    const Point at = path.stops.empty() ? path.from : lines.above(path.stops.back());
    auto detour = detour_at(line, at, path.to, lines);
    if (!detour) continue;
    detour->curve = i;
    detours.push_back(*detour);
  }
  std::ranges::sort(detours, {},
                    [](const Detour& d) { return std::tuple(d.gap.left, d.ideal, d.curve); });
  std::vector<double> x(paths.size());
  for (std::size_t begin = 0, end = 0; begin < detours.size(); begin = end) {
    while (end < detours.size() && detours[end].gap.left == detours[begin].gap.left) ++end;
    assign_lanes(std::span(detours).subspan(begin, end - begin), x);
  }
  for (const Detour& detour : detours) paths[detour.curve].stops.push_back({line, x[detour.curve]});
}

/// Appends the curve to `to`. A later stop may have bent it into a line that was free before: it
/// then gives way there too.
void append_bent(Point to, std::size_t first_line, std::size_t end_line, const Lines& lines,
                 std::vector<Point>& points) {
  for (std::size_t line = first_line; line < end_line; ++line) {
    const auto detour = detour_at(line, points.back(), to, lines);
    if (!detour) continue;
    const auto [left, right] = detour->gap;
    const double inset = std::min(2.0, (right - left) / 2);
    const Stop stop{line, std::clamp(detour->ideal, left + inset, right - inset)};
    append_bent(lines.below(stop), first_line, line, lines, points);
    append_piece(lines.above(stop), points);
    first_line = line + 1;
  }
  append_piece(to, points);
}

std::vector<Point> points_of(const Path& path, const Lines& lines) {
  std::vector<Point> points = {path.from};
  std::size_t line = path.first_line;
  for (const Stop& stop : path.stops) {
    append_bent(lines.below(stop), line, stop.line, lines, points);
    append_piece(lines.above(stop), points);
    line = stop.line + 1;
  }
  append_bent(path.to, line, path.end_line, lines, points);
  return points;
}

/// The way to a box that stands no higher: up, past the right sides of both, and to it from below.
std::vector<Point> points_around(const Path& path, const Box& source, const Box& target) {
  constexpr double kRise = 17;
  const double side =
      std::max(source.centre.x + source.width / 2, target.centre.x + target.width / 2) + 12;
  const double top = path.from.y + kRise, bottom = path.to.y - kRise;
  const double middle = (path.from.y + path.to.y) / 2;
  return {path.from,      {path.from.x, top},  {side, top}, {side, middle},
          {side, bottom}, {path.to.x, bottom}, path.to};
}

struct Ends {
  double from_x = 0;
  double to_x = 0;
};

/// Spreads the ends of edges along the sides of their boxes in the order of their other ends.
class Ports {
 public:
  Ports(std::span<const Box> boxes, const std::vector<Curve>& curves) : ends_(curves.size()) {
    std::vector<std::vector<std::size_t>> inputs(boxes.size()), outputs(boxes.size());
    for (std::size_t i = 0; i < curves.size(); ++i) {
      outputs[curves[i].source].push_back(i);
      inputs[curves[i].target].push_back(i);
    }
    for (std::size_t b = 0; b < boxes.size(); ++b) {
      spread(boxes, b, outputs[b], curves, &Curve::target, &Ends::from_x);
      spread(boxes, b, inputs[b], curves, &Curve::source, &Ends::to_x);
    }
  }
  const Ends& operator[](std::size_t curve) const { return ends_[curve]; }

 private:
  void spread(std::span<const Box> boxes, std::size_t box, std::vector<std::size_t>& edges,
              const std::vector<Curve>& curves, std::size_t Curve::*other, double Ends::*end) {
    std::ranges::sort(
        edges, {}, [&](std::size_t e) { return std::pair(boxes[curves[e].*other].centre.x, e); });
    const bool diamond = boxes[box].kind == NodeKind::kError;
    const double width = diamond ? 0 : std::max(0.0, boxes[box].width - 12);
    const double step = std::min(7.0, width / static_cast<double>(std::max<std::size_t>(
                                                  1, edges.size() - (edges.empty() ? 0 : 1))));
    const double first = boxes[box].centre.x - step * (static_cast<double>(edges.size()) - 1) / 2;
    for (std::size_t i = 0; i < edges.size(); ++i) {
      ends_[edges[i]].*end = first + step * static_cast<double>(i);
    }
  }

  std::vector<Ends> ends_;
};

std::vector<Curve> curves_of(std::span<const KeptEdge> edges, std::span<const Box> boxes) {
  std::unordered_map<std::size_t, std::size_t> box_of;
  for (std::size_t i = 0; i < boxes.size(); ++i) box_of.emplace(boxes[i].node, i);
  std::vector<Curve> curves;
  curves.reserve(edges.size());
  for (const KeptEdge& edge : edges) {
    curves.push_back({.source = box_of.at(edge.source),
                      .target = box_of.at(edge.target),
                      .weight = edge.weight,
                      .share = edge.share,
                      .points = {}});
  }
  std::ranges::stable_sort(curves, {}, &Curve::share);
  return curves;
}

}  // namespace

std::vector<Curve> route_edges(std::span<const KeptEdge> edges, std::span<const Box> boxes,
                               std::span<const LineExtent> lines) {
  std::vector<Curve> curves = curves_of(edges, boxes);
  const Lines all{.extents = lines, .obstacles = obstacles_of(boxes, lines.size())};
  const Ports ports(boxes, curves);
  std::vector<Path> paths;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    const Box& source = boxes[curves[i].source];
    const Box& target = boxes[curves[i].target];
    paths.push_back({.from = {ports[i].from_x, source.centre.y + source.height / 2},
                     .to = {ports[i].to_x, target.centre.y - target.height / 2},
                     .first_line = source.line + 1,
                     .end_line = target.line,
                     .stops = {}});
  }
  for (std::size_t line = 0; line < lines.size(); ++line) pass_line(line, all, paths);
  for (std::size_t i = 0; i < curves.size(); ++i) {
    const Box& source = boxes[curves[i].source];
    const Box& target = boxes[curves[i].target];
    curves[i].points = source.line < target.line ? points_of(paths[i], all)
                                                 : points_around(paths[i], source, target);
  }
  return curves;
}

}  // namespace circuit
