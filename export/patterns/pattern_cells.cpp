#include "export/patterns/pattern_cells.h"

#include <cstdint>
#include <vector>

#include "export/patterns/svg_writer.h"
#include "export/text/output_text.h"

namespace circuit {
namespace {

/// visit(row, first column, length, step) for each run that is drawn.
template <typename Visit>
void for_each_run(std::span<const float> weights, std::size_t n, std::size_t first_step,
                  Visit&& visit) {
  for (std::size_t row = 0; row < n; ++row) {
    for (std::size_t column = 0; column < n;) {
      const std::size_t step = pattern_step(weights[row * n + column]);
      std::size_t end = column + 1;
      while (end < n && pattern_step(weights[row * n + end]) == step) ++end;
      if (step >= first_step && step < kPatternSteps.size()) {
        visit(row, column, end - column, step);
      }
      column = end;
    }
  }
}

/// For each step from `first_step` on, path data of its runs: horizontal lines of width 1 along
/// the middles of rows, in cells; empty for none.
std::vector<std::string> run_paths(std::span<const float> weights, std::size_t n,
                                   std::size_t first_step) {
  struct Pen {
    std::int64_t x = 0, y = 0;
  };
  std::vector<std::string> paths(kPatternSteps.size() - first_step);
  std::vector<Pen> pens(paths.size());
  for_each_run(weights, n, first_step,
               [&](std::size_t row, std::size_t column, std::size_t length, std::size_t step) {
                 std::string& path = paths[step - first_step];
                 Pen& pen = pens[step - first_step];
                 const auto x = static_cast<std::int64_t>(column);
                 const auto y = static_cast<std::int64_t>(row);
                 // Relative: most of a path is a step to the right or one row down.
                 path += "m" + std::to_string(x - pen.x) + " " + std::to_string(y - pen.y) + "h" +
                         std::to_string(length);
                 pen = {x + static_cast<std::int64_t>(length), y};
               });
  return paths;
}

}  // namespace

std::size_t pattern_step(double weight) {
  std::size_t above = 0;
  while (above < kPatternSteps.size() && weight >= kPatternSteps[above].least) ++above;
  return above == 0 ? kPatternSteps.size() : above - 1;
}

std::size_t count_runs(std::span<const float> weights, std::size_t n, std::size_t first_step) {
  std::size_t count = 0;
  for_each_run(weights, n, first_step, [&](auto...) { ++count; });
  return count;
}

std::string map_markup(std::span<const float> weights, std::size_t n, std::size_t first_step,
                       double x, double y, double cell, std::string_view title) {
  std::string markup = "<g transform=\"translate(" + svg_number(x) + " " + svg_number(y) +
                       ")scale(" + number_text(cell) + ")\"><title>" + escape_xml(title) +
                       "</title><use href=\"#later\"/><g transform=\"translate(0 .5)\">";
  const std::vector<std::string> paths = run_paths(weights, n, first_step);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (paths[i].empty()) continue;
    markup += "<path class=\"s" + std::to_string(first_step + i) + "\" d=\"" + paths[i] + "\"/>";
  }
  return markup + "</g></g>\n";
}

std::string map_definitions(std::size_t n) {
  std::string markup = "<style>path{fill:none;stroke-width:1}";
  for (std::size_t step = 0; step < kPatternSteps.size(); ++step) {
    markup += ".s" + std::to_string(step) + "{stroke:" + kPatternSteps[step].colour + "}";
  }
  markup += "</style>\n<defs><path id=\"later\" style=\"fill:#F1F3F6;stroke:none\" d=\"M1 0";
  for (std::size_t row = 1; row < n; ++row) markup += "v1h1";
  return markup + "V0z\"/></defs>\n";
}

}  // namespace circuit
