#include "tracer/study/chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <limits>

#include "export/patterns/svg_writer.h"
#include "export/text/output_text.h"

namespace circuit {
namespace {

constexpr double kLeft = 64, kTop = 34, kHeight = 220, kBottom = 96, kPlace = 22;
constexpr double kLegend = 18, kCell = 16;
constexpr std::string_view kGrid = "#D8DEE4", kInk = "#1B2530";
constexpr std::array<std::string_view, 8> kColours = {"#2F6DB5", "#D9822B", "#3A8F5C", "#B0413E",
                                                      "#7B5EA7", "#8C6D46", "#C2578E", "#6B7680"};

struct Range {
  double low = 0, high = 1;

  double place(double value) const { return (value - low) / (high - low); }
};

// Of all values and intervals, and 0.
Range range_of(const Chart& chart) {
  Range range{0, 0};
  for (const auto& series : chart.points) {
    for (const auto& point : series) {
      if (!point) continue;
      range.low = std::min({range.low, point->value, point->low});
      range.high = std::max({range.high, point->value, point->high});
    }
  }
  if (range.low == range.high) range.high = range.low + 1;
  return range;
}

class Drawing {
 public:
  explicit Drawing(const Chart& chart)
      : chart_(chart),
        range_(range_of(chart)),
        slot_(kPlace * std::max<double>(2, static_cast<double>(chart.series.size()) + 1)),
        width_(slot_ * std::max<double>(1, static_cast<double>(chart.x.size()))) {
    axes();
  }

  double y(double value) const { return kTop + kHeight * (1 - range_.place(value)); }
  double x(std::size_t place) const { return kLeft + slot_ * (static_cast<double>(place) + 0.5); }
  static std::string_view colour(std::size_t series) { return kColours[series % kColours.size()]; }

  void bar(double centre, const ChartPoint& point, std::size_t series) {
    const double zero = y(0), top = y(point.value);
    svg_.rect(centre - kPlace * 0.4, std::min(zero, top), kPlace * 0.8,
              std::max(1.0, std::abs(zero - top)),
              {.fill = colour(series), .title = title_of(point)});
    interval(centre, point);
  }

  void interval(double centre, const ChartPoint& point) {
    line(centre, y(point.low), centre, y(point.high), kInk, 1);
    for (const double end : {point.low, point.high})
      line(centre - 3, y(end), centre + 3, y(end), kInk, 1);
  }

  void line(double x0, double y0, double x1, double y1, std::string_view colour, double width) {
    svg_.raw("<line x1=\"" + svg_number(x0) + "\" y1=\"" + svg_number(y0) + "\" x2=\"" +
             svg_number(x1) + "\" y2=\"" + svg_number(y1) + "\" stroke=\"" + std::string(colour) +
             "\" stroke-width=\"" + svg_number(width) + "\"/>\n");
  }

  std::string finish() {
    double bottom = kTop + kHeight + kBottom;
    for (std::size_t i = 0; i < chart_.series.size() && chart_.series.size() > 1; ++i) {
      svg_.rect(kLeft, bottom - 9, 10, 10, {.fill = colour(i)});
      svg_.text(kLeft + 16, bottom, shorten(chart_.series[i], 80), {});
      bottom += kLegend;
    }
    return svg_.finish(kLeft + std::max(width_, 320.0) + 20, bottom + 10, chart_.title, "");
  }

 private:
  static std::string title_of(const ChartPoint& point) {
    return fixed_text(point.value, 4) + " [" + fixed_text(point.low, 4) + ", " +
           fixed_text(point.high, 4) + "]";
  }

  void axes() {
    svg_.text(kLeft, 18, chart_.title, {.size = 13, .bold = true});
    constexpr int kTicks = 5;
    for (int i = 0; i <= kTicks; ++i) {
      const double value = range_.low + (range_.high - range_.low) * i / kTicks;
      line(kLeft, y(value), kLeft + width_, y(value), kGrid, 1);
      svg_.text(kLeft - 6, y(value) + 4, fixed_text(value, 2), {.anchor = SvgAnchor::kEnd});
    }
    line(kLeft, y(0), kLeft + width_, y(0), kInk, 1);
    svg_.text(14, kTop + kHeight / 2, chart_.y_label,
              {.anchor = SvgAnchor::kMiddle, .turned = -90});
    for (std::size_t i = 0; i < chart_.x.size(); ++i) {
      svg_.text(x(i) + 4, kTop + kHeight + 12, shorten(chart_.x[i], 16),
                {.anchor = SvgAnchor::kEnd, .turned = -40});
    }
    svg_.text(kLeft + width_ / 2, kTop + kHeight + kBottom - 14, chart_.x_label,
              {.anchor = SvgAnchor::kMiddle});
  }

  const Chart& chart_;
  Range range_;
  double slot_, width_;
  SvgWriter svg_;
};

// From white to dark blue.
std::string shade(double share) {
  const auto mix = [&](int light, int dark) {
    return static_cast<int>(std::lround(light + (dark - light) * share));
  };
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "#%02X%02X%02X", mix(245, 20), mix(248, 70),
                mix(252, 140));
  return text.data();
}

}  // namespace

std::string bar_chart(const Chart& chart) {
  Drawing drawing(chart);
  const double first = -kPlace * (static_cast<double>(chart.series.size()) - 1) / 2;
  for (std::size_t s = 0; s < chart.series.size(); ++s) {
    for (std::size_t i = 0; i < chart.x.size(); ++i) {
      const auto& point = chart.points[s][i];
      if (point) drawing.bar(drawing.x(i) + first + kPlace * static_cast<double>(s), *point, s);
    }
  }
  return drawing.finish();
}

std::string line_chart(const Chart& chart) {
  Drawing drawing(chart);
  for (std::size_t s = 0; s < chart.series.size(); ++s) {
    std::optional<std::size_t> last;
    for (std::size_t i = 0; i < chart.x.size(); ++i) {
      const auto& point = chart.points[s][i];
      if (!point) continue;
      if (last) {
        drawing.line(drawing.x(*last), drawing.y(chart.points[s][*last]->value), drawing.x(i),
                     drawing.y(point->value), Drawing::colour(s), 2);
      }
      drawing.interval(drawing.x(i), *point);
      last = i;
    }
  }
  return drawing.finish();
}

std::string heat_map(const HeatMap& map) {
  constexpr double kSide = 90, kAbove = 60, kScale = 120;
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const auto& row : map.values) {
    for (const auto& value : row) {
      if (!value) continue;
      low = std::min(low, *value);
      high = std::max(high, *value);
    }
  }
  const double span = high > low ? high - low : 1;
  SvgWriter svg;
  const double width = kCell * static_cast<double>(map.x.size());
  const double height = kCell * static_cast<double>(map.y.size());
  svg.text(10, 18, map.title, {.size = 13, .bold = true});
  svg.text(kSide, 36, map.x_label + " →, " + map.y_label + " ↓", {});
  for (std::size_t i = 0; i < map.x.size(); ++i) {
    svg.text(kSide + kCell * (static_cast<double>(i) + 0.7), kAbove - 4, shorten(map.x[i], 6),
             {.size = 8, .turned = -60});
  }
  for (std::size_t j = 0; j < map.y.size(); ++j) {
    const double top = kAbove + kCell * static_cast<double>(j);
    svg.text(kSide - 6, top + kCell * 0.7, shorten(map.y[j], 12),
             {.size = 8, .anchor = SvgAnchor::kEnd});
    for (std::size_t i = 0; i < map.x.size(); ++i) {
      const auto& value = map.values[j][i];
      if (!value) continue;
      svg.rect(kSide + kCell * static_cast<double>(i), top, kCell, kCell,
               {.fill = shade((*value - low) / span),
                .title = map.x[i] + ", " + map.y[j] + ": " + fixed_text(*value, 4)});
    }
  }
  const double bottom = kAbove + height + 16;
  if (high >= low) {
    for (int i = 0; i < 24; ++i) {
      svg.rect(kSide + i * kScale / 24, bottom, kScale / 24, 8, {.fill = shade(i / 23.0)});
    }
    svg.text(kSide - 6, bottom + 8, fixed_text(low, 3), {.anchor = SvgAnchor::kEnd});
    svg.text(kSide + kScale + 6, bottom + 8, fixed_text(high, 3), {});
  }
  return svg.finish(kSide + std::max(width, 260.0) + 20, bottom + 24, map.title, "");
}

}  // namespace circuit
