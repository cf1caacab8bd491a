// Drawings of tables of numbers as SVG, knowing nothing of studies.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace circuit {

struct ChartPoint {
  double value = 0, low = 0, high = 0;
};

/// Series side by side over the same places of x; nothing where there is no value.
struct Chart {
  std::string title, x_label, y_label;
  std::vector<std::string> x;
  std::vector<std::string> series;
  std::vector<std::vector<std::optional<ChartPoint>>> points;  ///< [series][x]
};

std::string bar_chart(const Chart& chart);
std::string line_chart(const Chart& chart);

/// A cell for each (x, y), coloured by value.
struct HeatMap {
  std::string title, x_label, y_label;
  std::vector<std::string> x, y;
  std::vector<std::vector<std::optional<double>>> values;  ///< [y][x]
};

std::string heat_map(const HeatMap& map);

}  // namespace circuit
