#include "export/patterns/pattern_enlarged.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "export/names/head_ids.h"
#include "export/patterns/pattern_cells.h"
#include "export/patterns/pattern_text.h"
#include "export/picture/picture_legend.h"
#include "export/text/output_text.h"

namespace circuit {
namespace {

constexpr std::size_t kMostLabel = 16;       // characters of a token on an axis
constexpr std::size_t kMostCellsWide = 100;  // each with its own words: 150 bytes a cell
constexpr std::size_t kMostSource = 44;      // of a source in a list
constexpr double kLabelledCell = 22;         // in smaller ones no number is legible
constexpr double kSlantedCell = 14;          // in smaller ones slanted labels meet
constexpr double kReasonWidth = 560;         // of the list beside the map
constexpr double kLine = 14;                 // of that list
constexpr std::string_view kGrey = "#5B6573";
constexpr std::string_view kFrame = "#C3CAD3";
constexpr std::string_view kMark = "#E69F00";

/// 24 pixels for few tokens, less where the map would pass 480, legible to the end.
double cell_size(std::size_t n) { return std::clamp(480.0 / static_cast<double>(n), 7.0, 24.0); }

double label_size(double cell) { return std::clamp(cell - 1, 6.0, 11.0); }

struct Map {
  double x = 0, y = 0, cell = 0;
  std::size_t n = 0;
  double side() const { return cell * static_cast<double>(n); }
  double left(std::size_t key) const { return x + cell * static_cast<double>(key); }
  double top(std::size_t query) const { return y + cell * static_cast<double>(query); }
};

double widest_label(std::span<const std::string> tokens, double size) {
  double widest = 0;
  for (const std::string& token : tokens) {
    widest = std::max(widest, text_width(token_label(token, kMostLabel), size));
  }
  return widest;
}

void draw_axes(const Map& map, std::span<const std::string> tokens, SvgWriter& svg) {
  const double size = label_size(map.cell);
  const double turned = map.cell < kSlantedCell ? -90 : -60;
  for (std::size_t i = 0; i < map.n; ++i) {
    const std::string label = token_label(tokens[i], kMostLabel);
    const double middle = map.cell / 2 + size * 0.35;
    svg.text(map.x - 6, map.top(i) + middle, label, {.size = size, .anchor = SvgAnchor::kEnd});
    svg.text(map.left(i) + middle, map.y - 6, label, {.size = size, .turned = turned});
  }
}

/// Every cell says what it is when it is pointed at.
void draw_cells(const Map& map, std::span<const float> weights, std::span<const std::string> tokens,
                SvgWriter& svg) {
  for (std::size_t query = 0; query < map.n; ++query) {
    for (std::size_t key = 0; key <= query; ++key) {
      const double weight = static_cast<double>(weights[query * map.n + key]);
      const std::size_t step = pattern_step(weight);
      if (step == kPatternSteps.size()) continue;
      svg.rect(map.left(key), map.top(query), map.cell, map.cell,
               {.fill = kPatternSteps[step].colour,
                .title = "“" + token_label(tokens[query], 24) + "” looks at “" +
                         token_label(tokens[key], 24) + "”: " + percent_text(weight)});
      if (map.cell < kLabelledCell || weight < kPatternSteps[1].least) continue;
      svg.text(map.left(key) + map.cell / 2, map.top(query) + map.cell / 2 + 3,
               fixed_text(100 * weight, 0),
               {.size = 8,
                .anchor = SvgAnchor::kMiddle,
                .colour = weight >= kPatternSteps[4].least ? "#FFFFFF" : "#1B2530"});
    }
  }
}

void draw_map(const Map& map, const Head& head, std::span<const float> weights,
              std::span<const std::string> tokens, SvgWriter& svg) {
  const bool runs = map.n > kMostCellsWide;
  svg.raw(map_markup(weights, map.n, runs ? 0 : kPatternSteps.size(), map.x, map.y, map.cell,
                     head_id(head)));
  if (!runs) draw_cells(map, weights, tokens, svg);
  svg.rect(map.x, map.y, map.side(), map.side(), {.stroke = kFrame});
}

std::vector<const ScoreTable*> tables_of(const Head& head, const PatternOptions& options) {
  std::vector<const ScoreTable*> tables;
  for (const ScoreTable& table : options.tables) {
    if (table.cell.head == head) tables.push_back(&table);
  }
  return tables;
}

void mark_cell(const Map& map, std::int32_t query, std::int32_t key, SvgWriter& svg) {
  svg.rect(map.left(static_cast<std::size_t>(key)), map.top(static_cast<std::size_t>(query)),
           map.cell, map.cell, {.stroke = kMark, .line = 2.5});
}

/// A score's cell, what it is the sum of, and its largest terms; returns the next base line.
double draw_reasons(const ScoreTable& table, std::span<const std::string> tokens,
                    const PatternOptions& options, double x, double y, SvgWriter& svg) {
  const std::string heading = head_id(table.cell.head) + ": " + cell_text(table, tokens);
  for (const std::string& line : wrap_text(heading, kReasonWidth / 1.12, 11, 3)) {
    svg.text(x, y, line, {.bold = true});
    y += kLine + 1;
  }
  svg.text(x, y, sum_text(table), {.size = 10, .colour = kGrey});
  y += kLine;
  for (const ScoreTerm& term : largest_terms(table, options.terms)) {
    svg.text(x + 48, y, signed_text(term.value),
             {.size = 10,
              .bold = true,
              .anchor = SvgAnchor::kEnd,
              .colour = term.value < 0 ? kNegativeColour : kPositiveColour});
    svg.text(x + 56, y,
             shorten(source_text(term.query, tokens, options.graph), kMostSource) + "  ×  " +
                 shorten(source_text(term.key, tokens, options.graph), kMostSource),
             {.size = 10});
    y += kLine;
  }
  return y + 8;
}

}  // namespace

DrawnSize draw_enlarged(const Head& head, const AttentionPatterns& patterns,
                        std::span<const std::string> tokens, const PatternOptions& options,
                        double x, double y, SvgWriter& svg) {
  const std::size_t n = patterns.n_positions;
  const double cell = cell_size(n), label = widest_label(tokens, label_size(cell));
  svg.text(x, y + 14, "Head " + head_id(head), {.size = 13, .bold = true});
  const Map map{.x = x + label + 10, .y = y + 34 + label * 0.87, .cell = cell, .n = n};
  draw_axes(map, tokens, svg);
  draw_map(map, head, patterns.of(head), tokens, svg);
  const double right = map.x + map.side() + label * 0.5 + 8;  // the last key's label leans out
  const double bottom = map.y + map.side() + 10;
  const std::vector<const ScoreTable*> tables = tables_of(head, options);
  if (tables.empty()) return {right - x, bottom - y};
  double line = y + 34;
  for (const ScoreTable* const table : tables) {
    mark_cell(map, table->cell.query, table->cell.key, svg);
    line = draw_reasons(*table, tokens, options, right + 16, line, svg);
  }
  return {right + 16 + kReasonWidth - x, std::max(bottom, line) - y};
}

}  // namespace circuit
