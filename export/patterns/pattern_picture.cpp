#include "export/patterns/pattern_picture.h"

#include <algorithm>
#include <cmath>

#include "export/names/head_ids.h"
#include "export/patterns/pattern_cells.h"
#include "export/patterns/pattern_enlarged.h"
#include "export/patterns/pattern_text.h"
#include "export/patterns/svg_writer.h"
#include "export/text/output_text.h"

namespace circuit {
namespace {

constexpr double kMargin = 20;
constexpr double kGap = 8;        // between maps
constexpr double kNames = 34;     // for the names of layers
constexpr double kNamedCell = 8;  // in smaller ones no token is legible beside them
constexpr double kLeastWidth = 520;
constexpr std::size_t kMostLabel = 12;
constexpr std::string_view kGrey = "#5B6573";

/// The grid's sizes.
struct Grid {
  std::size_t n_layers = 0, n_heads = 0, n = 0;
  double cell = 0;
  double side() const { return cell * static_cast<double>(n); }
  double pitch() const { return side() + kGap; }
  double width() const { return kNames + pitch() * static_cast<double>(n_heads); }
  bool names_tokens() const { return cell >= kNamedCell; }
};

Grid grid_of(const AttentionPatterns& patterns) {
  const auto n = static_cast<double>(patterns.n_positions);
  return {.n_layers = static_cast<std::size_t>(patterns.n_layers),
          .n_heads = static_cast<std::size_t>(patterns.n_heads),
          .n = patterns.n_positions,
          .cell = std::clamp(110 / n, 2.0, 12.0)};
}

Head head_at(std::size_t layer, std::size_t head) {
  return {static_cast<std::int32_t>(layer), static_cast<std::int32_t>(head)};
}

/// The first step from which on the runs of all heads are few enough.
std::size_t first_step_of(const AttentionPatterns& patterns, const PatternOptions& options) {
  if (!options.grid) return 0;
  const Grid grid = grid_of(patterns);
  for (std::size_t step = 0; step + 1 < kPatternSteps.size(); ++step) {
    std::size_t runs = 0;
    for (std::size_t i = 0; i < grid.n_layers * grid.n_heads && runs <= options.most_runs; ++i) {
      runs += count_runs(patterns.of(head_at(i / grid.n_heads, i % grid.n_heads)), grid.n, step);
    }
    if (runs <= options.most_runs) return step;
  }
  return kPatternSteps.size() - 1;
}

class Drawing {
 public:
  Drawing(const AttentionPatterns& patterns, std::span<const std::string> tokens,
          const PatternOptions& options)
      : patterns_(patterns),
        tokens_(tokens),
        options_(options),
        grid_(grid_of(patterns)),
        first_step_(first_step_of(patterns, options)),
        text_width_(std::max(kLeastWidth, options.grid ? grid_.width() : 0)) {}

  std::string draw() {
    draw_heading();
    draw_scale();
    draw_tokens();
    if (options_.grid) draw_grid();
    for (const Head& head : options_.heads) {
      cover(draw_enlarged(head, patterns_, tokens_, options_, kMargin, y_, svg_));
    }
    return svg_.finish(width_ + kMargin, y_ + 4, pattern_title(tokens_, options_),
                       map_definitions(grid_.n));
  }

 private:
  /// Goes on under what was drawn.
  void cover(const DrawnSize& size) {
    width_ = std::max(width_, kMargin + size.width);
    y_ += size.height + 16;
  }

  void draw_heading() {
    const std::string title = pattern_title(tokens_, options_);
    for (const std::string& line : wrap_text(title, text_width_ / 1.12, 14, 3)) {
      svg_.text(kMargin, y_ + 14, line, {.size = 14, .bold = true});
      y_ += 18;
    }
    const std::string sizes = std::to_string(grid_.n_layers) + " layers × " +
                              std::to_string(grid_.n_heads) + " heads · " +
                              std::to_string(grid_.n) +
                              " tokens · head L.H is number H of layer L, "
                              "both from 0";
    write_lines(sizes);
  }

  void write_lines(const std::string& text, std::size_t most = 4) {
    for (const std::string& line : wrap_text(text, text_width_, 10, most)) {
      svg_.text(kMargin, y_ + 12, line, {.size = 10, .colour = kGrey});
      y_ += 15;
    }
    width_ = std::max(width_, kMargin + text_width_);
  }

  void draw_scale() {
    write_lines(
        "Each square: a query's row, from the top, says how it divides its attention among keys, "
        "from the left.");
    double x = kMargin;
    for (std::size_t step = first_step_; step < kPatternSteps.size(); ++step) {
      svg_.rect(x, y_ + 4, 46, 10, {.fill = kPatternSteps[step].colour});
      svg_.text(x, y_ + 25, percent_text(kPatternSteps[step].least), {.size = 9, .colour = kGrey});
      x += 46;
    }
    svg_.text(x, y_ + 25, "100 %", {.size = 9, .anchor = SvgAnchor::kMiddle, .colour = kGrey});
    y_ += 30;
    write_lines("white: below " + percent_text(kPatternSteps[first_step_].least) +
                "; grey: keys after the query");
  }

  void draw_tokens() {
    std::string list = "Tokens:";
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      list += " " + std::to_string(i) + "\u00A0“" + token_label(tokens_[i], 24) + "”";
    }
    write_lines(list, 12);
    y_ += 8;
  }

  void draw_grid() {
    y_ += 14;
    const double names = grid_.names_tokens() ? token_names() : 0;
    for (std::size_t head = 0; head < grid_.n_heads; ++head) {
      svg_.text(left(head) + grid_.side() / 2, y_ - 4, "." + std::to_string(head),
                {.size = 10, .anchor = SvgAnchor::kMiddle, .colour = kGrey});
    }
    for (std::size_t row = 0; row < grid_.n_layers; ++row) {
      const std::size_t layer = grid_.n_layers - 1 - row;
      const double top = y_ + grid_.pitch() * static_cast<double>(row);
      svg_.text(kMargin + kNames - 8, top + grid_.side() / 2 + 4, std::to_string(layer),
                {.bold = true, .anchor = SvgAnchor::kEnd, .colour = kGrey});
      for (std::size_t head = 0; head < grid_.n_heads; ++head) {
        draw_map(head_at(layer, head), left(head), top);
      }
      if (names > 0) name_queries(top);
    }
    const double height = grid_.pitch() * static_cast<double>(grid_.n_layers);
    if (names > 0) name_keys(y_ + height);
    cover({grid_.width() + names, height + names});
  }

  double left(std::size_t head) const {
    return kMargin + kNames + grid_.pitch() * static_cast<double>(head);
  }

  double token_names() const {
    double widest = 0;
    for (const std::string& token : tokens_) {
      widest = std::max(widest, text_width(token_label(token, kMostLabel), name_size()));
    }
    return widest + 6;
  }

  double name_size() const { return std::min(9.0, grid_.cell - 1); }

  void name_queries(double top) {
    for (std::size_t i = 0; i < grid_.n; ++i) {
      svg_.text(left(grid_.n_heads) - kGap + 4,
                top + grid_.cell * (static_cast<double>(i) + 0.5) + name_size() * 0.35,
                token_label(tokens_[i], kMostLabel), {.size = name_size(), .colour = kGrey});
    }
  }

  void name_keys(double bottom) {
    for (std::size_t head = 0; head < grid_.n_heads; ++head) {
      for (std::size_t i = 0; i < grid_.n; ++i) {
        svg_.text(left(head) + grid_.cell * (static_cast<double>(i) + 0.5) + name_size() * 0.35,
                  bottom - kGap + 4, token_label(tokens_[i], kMostLabel),
                  {.size = name_size(), .anchor = SvgAnchor::kEnd, .colour = kGrey, .turned = -90});
      }
    }
  }

  void draw_map(const Head& head, double x, double y) {
    svg_.raw(map_markup(patterns_.of(head), grid_.n, first_step_, x, y, grid_.cell, head_id(head)));
    svg_.rect(x, y, grid_.side(), grid_.side(), {.stroke = "#C3CAD3", .line = 0.6});
  }

  const AttentionPatterns& patterns_;
  std::span<const std::string> tokens_;
  const PatternOptions& options_;
  Grid grid_;
  std::size_t first_step_;
  double text_width_;
  SvgWriter svg_;
  double y_ = kMargin;
  double width_ = 0;
};

}  // namespace

std::string pattern_svg(const AttentionPatterns& patterns, std::span<const std::string> tokens,
                        const PatternOptions& options) {
  check_patterns(patterns, tokens, options, "pattern_svg");
  return Drawing(patterns, tokens, options).draw();
}

}  // namespace circuit
