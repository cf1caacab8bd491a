#include "export/picture/picture.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "export/picture/picture_boxes.h"
#include "export/picture/picture_heads.h"
#include "export/picture/picture_legend.h"
#include "export/picture/picture_routes.h"
#include "export/picture/picture_targets.h"
#include "export/picture/picture_units.h"
#include "export/picture/strongest_edges.h"
#include "export/text/output_text.h"
#include "graph/kept_graph.h"

namespace circuit {
namespace {

constexpr double kBoxGap = 17;     // between boxes of a line
constexpr double kColumnGap = 26;  // between positions
constexpr double kTokenGap = 10;   // between positions with nothing but their tokens
constexpr double kLineGap = 26;    // between lines of a layer
constexpr double kLayerGap = 50;   // between layers, at least
constexpr std::size_t kMostBoxesPerLine = 8;
constexpr std::string_view kSeparator = "#E4E8EE";
constexpr std::string_view kBand = "#F6F8FA";
constexpr std::string_view kGrey = "#7A8594";

/// A row of the picture: tokens (-1), a layer, or targets (n_layers).
struct Row {
  std::int32_t layer = 0;
  std::map<std::int32_t, std::vector<std::size_t>> cells;  ///< position -> boxes
  std::size_t first_line = 0;
  std::size_t n_lines = 1;
};

/// A cell's boxes, cut into lines of nearly equal length.
using CellLines = std::vector<std::vector<std::size_t>>;

struct Column {
  double left = 0;
  double width = 0;
  bool token_only = true;
  double centre() const { return left + width / 2; }
  double right() const { return left + width; }
};

/// Wide rather than high: 3 boxes stand in one line, 8 in two, 15 in three.
CellLines cut_cell(const std::vector<std::size_t>& boxes) {
  const double wanted = std::sqrt(1.7 * static_cast<double>(boxes.size()));
  const auto longest = std::min(kMostBoxesPerLine, static_cast<std::size_t>(std::ceil(wanted)));
  const std::size_t n_lines = (boxes.size() + longest - 1) / longest;
  CellLines lines(n_lines);
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    lines[i * n_lines / boxes.size()].push_back(boxes[i]);
  }
  return lines;
}

class Layout {
 public:
  Layout(const AttributionGraph& graph, const KeptGraph& kept, const std::vector<KeptEdge>& drawn,
         std::vector<Box> boxes)
      : graph_(graph),
        kept_(kept),
        drawn_(drawn),
        boxes_(std::move(boxes)),
        columns_(graph.n_positions()) {
    fill_rows();
    place_columns();
    place_lines();
    place_targets();
  }

  Picture finish(const PrunedGraph& pruned, const PictureOptions& options) {
    Picture picture;
    picture.curves = route_edges(drawn_, boxes_, extents_);
    picture.boxes = std::move(boxes_);
    if (options.supernodes.empty() && options.edge_sides.empty()) {
      name_heads(graph_, options.most_head_names, picture);
    }
    draw_grid(picture);
    const Frame frame{.left = left_,
                      .right = columns_.back().right() + kColumnGap / 2,
                      .bottom = extents_.front().bottom - 24,
                      .top = extents_.back().top};
    add_legend(graph_, pruned, kept_, options, frame, picture);
    return picture;
  }

 private:
  double line_width(const std::vector<std::size_t>& line) const {
    double width = -kBoxGap;
    for (const std::size_t box : line) width += boxes_[box].width + kBoxGap;
    return width;
  }

  /// Rows without a kept node do not exist. A cell holds its features before its error.
  void fill_rows() {
    std::map<std::int32_t, Row> rows;
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      Row& row = rows[boxes_[i].layer];
      row.layer = boxes_[i].layer;
      row.cells[boxes_[i].position].push_back(i);
    }
    order_cells(rows);
    std::size_t line = 0;
    for (auto& [layer, row] : rows) {
      row.first_line = line;
      if (layer < static_cast<std::int32_t>(graph_.n_layers())) {
        for (const auto& [position, cell] : row.cells) {
          row.n_lines = std::max(row.n_lines, cut_cell(cell).size());
        }
      }
      line += row.n_lines;
      rows_.push_back(std::move(row));
    }
    extents_.resize(line);
  }

  /// Features that read from the left stand on the left of their cell: fewer crossings.
  void order_cells(std::map<std::int32_t, Row>& rows) const {
    std::map<std::size_t, double> origin;  // node -> mean position of what it reads
    for (const KeptEdge& edge : kept_.edges) {
      origin[edge.target] += edge.share * graph_.node(edge.source).position;
    }
    const auto key = [&](std::size_t i) {
      const Box& box = boxes_[i];
      const auto found = origin.find(box.node);
      return std::tuple(box.kind, found == origin.end() ? 0.0 : found->second, box.node);
    };
    for (auto& [layer, row] : rows) {
      if (is_target_row(row)) continue;
      for (auto& [position, cell] : row.cells) std::ranges::sort(cell, {}, key);
    }
  }

  bool is_target_row(const Row& row) const {
    return row.layer == static_cast<std::int32_t>(graph_.n_layers());
  }

  void place_columns() {
    for (const Row& row : rows_) {
      if (is_target_row(row)) continue;
      for (const auto& [position, cell] : row.cells) {
        Column& column = columns_[static_cast<std::size_t>(position)];
        column.token_only = column.token_only && row.layer < 0;
        for (const auto& line : cut_cell(cell)) {
          column.width = std::max(column.width, line_width(line));
        }
      }
    }
    double left = 0;
    for (std::size_t p = 0; p < columns_.size(); ++p) {
      Column& column = columns_[p];
      column.left = left;
      column.width = std::max(column.width, 24.0);
      left += column.width + gap_behind(p);
    }
  }

  /// Long prompts are wide: tokens that nothing stands above move together.
  double gap_behind(std::size_t p) const {
    const bool tokens =
        p + 1 < columns_.size() && columns_[p].token_only && columns_[p + 1].token_only;
    return tokens ? kTokenGap : kColumnGap;
  }

  /// Centres `line` on `x`; boxes of a line share its height, errors keep theirs.
  void place_line(const std::vector<std::size_t>& line, double x, std::size_t index) {
    x -= line_width(line) / 2;
    for (const std::size_t i : line) {
      Box& box = boxes_[i];
      box.centre.x = x + box.width / 2;
      box.line = index;
      x += box.width + kBoxGap;
    }
  }

  void place_lines() {
    for (const Row& row : rows_) {
      if (is_target_row(row)) continue;
      for (const auto& [position, cell] : row.cells) {
        const CellLines lines = cut_cell(cell);
        const std::size_t first = row.first_line + (row.n_lines - lines.size()) / 2;
        for (std::size_t i = 0; i < lines.size(); ++i) {
          place_line(lines[i], columns_[static_cast<std::size_t>(position)].centre(), first + i);
        }
      }
    }
    stack_lines();
  }

  /// Room between layers grows slowly with the number of edges that turn there.
  void stack_lines() {
    std::vector<double> heights(extents_.size(), 0);
    for (const Box& box : boxes_) {
      if (box.kind != NodeKind::kTarget) {
        heights[box.line] = std::max(heights[box.line], box.height);
      }
    }
    const double gap = kLayerGap + std::min(40.0, static_cast<double>(drawn_.size()) / 25);
    double y = 0;
    for (const Row& row : rows_) {
      // Token edges are the strongest and run the farthest to the side.
      if (&row != &rows_.front()) y += &row - 1 == &rows_.front() ? 1.5 * gap : gap;
      for (std::size_t i = 0; i < row.n_lines; ++i) {
        if (i > 0) y += kLineGap;
        LineExtent& extent = extents_[row.first_line + i];
        extent = {y, y + heights[row.first_line + i]};
        y = extent.top;
      }
    }
    for (Box& box : boxes_) {
      if (box.kind == NodeKind::kTarget) continue;
      const LineExtent& extent = extents_[box.line];
      box.centre.y = (extent.bottom + extent.top) / 2;
      if (box.kind != NodeKind::kError) box.height = extent.top - extent.bottom;
    }
  }

  void place_targets() {
    if (rows_.empty() || !is_target_row(rows_.back())) return;
    const Row& row = rows_.back();
    std::vector<TargetCell> cells;
    for (const auto& [position, boxes] : row.cells) {
      cells.push_back({columns_[static_cast<std::size_t>(position)].centre(), boxes});
    }
    const std::vector<TargetLine> lines =
        arrange_targets(boxes_, cells, columns_.back().right(), kBoxGap);
    double y = extents_.back().bottom;
    extents_.resize(row.first_line);
    for (std::size_t begin = 0, end = 0; begin < lines.size(); begin = end) {
      double height = 0;
      for (; end < lines.size() && lines[end].level == lines[begin].level; ++end) {
        for (const std::size_t box : lines[end].boxes) {
          height = std::max(height, boxes_[box].height);
        }
      }
      for (std::size_t i = begin; i < end; ++i) {
        place_line(lines[i].boxes, lines[i].centre, extents_.size());
        for (const std::size_t box : lines[i].boxes) {
          boxes_[box].height = height;
          boxes_[box].centre.y = y + height / 2;
        }
        left_ = std::min(left_, lines[i].centre - lines[i].width / 2);
      }
      extents_.push_back({y, y + height});
      y += height + kLineGap;
    }
  }

  std::string row_name(const Row& row) const {
    if (row.layer < 0) return "embedding";
    if (!is_target_row(row)) return "L" + std::to_string(row.layer);
    const bool output = std::ranges::any_of(graph_.nodes().targets, [](const Target& target) {
      return target.kind == TargetKind::kToken || target.kind == TargetKind::kDifference;
    });
    return output ? "output" : "target";
  }

  void draw_grid(Picture& picture) {
    const double right = columns_.back().right() + kColumnGap / 2;
    const double names = left_ - 22;
    for (const Row& row : rows_) {
      const double bottom = extents_[row.first_line].bottom;
      const std::size_t last =
          &row == &rows_.back() ? extents_.size() - 1 : row.first_line + row.n_lines - 1;
      const double top = extents_[last].top;
      picture.shapes.push_back({{left_ - 14, bottom - 8}, {right, top + 8}, std::string(kBand), 0});
      picture.texts.push_back({{names, (bottom + top) / 2 - 3.5},
                               row_name(row),
                               9.5,
                               true,
                               Align::kRight,
                               std::string(kGrey)});
      const bool skipped = &row != &rows_.front() && row.layer > (&row - 1)->layer + 1;
      if (skipped) {
        picture.texts.push_back({{names - 4, bottom - 8 - kLayerGap / 2},
                                 "⋮",
                                 12,
                                 false,
                                 Align::kCentre,
                                 std::string(kGrey)});
      }
    }
    draw_columns(picture);
    left_ = names - text_width("embedding", 9.5, FontWeight::kBold);
  }

  void draw_columns(Picture& picture) const {
    const double bottom = extents_.front().bottom - 8;
    const bool targets = is_target_row(rows_.back());
    const std::size_t last = targets ? rows_.back().first_line : extents_.size();
    const double top = extents_[last == 0 ? 0 : last - 1].top + 8;
    for (std::size_t p = 0; p < columns_.size(); ++p) {
      const Column& column = columns_[p];
      if (p > 0) {
        const double x = column.left - gap_behind(p - 1) / 2;
        picture.shapes.push_back({{x, bottom}, {x, top}, std::string(kSeparator), 0.8});
      }
      picture.texts.push_back({{column.centre(), bottom - 11},
                               std::to_string(p),
                               8,
                               false,
                               Align::kCentre,
                               std::string(kGrey)});
    }
  }

  const AttributionGraph& graph_;
  const KeptGraph& kept_;
  const std::vector<KeptEdge>& drawn_;
  std::vector<Box> boxes_;
  std::vector<Row> rows_;
  std::vector<Column> columns_;      // [n_positions]
  std::vector<LineExtent> extents_;  // [lines]
  double left_ = 0;                  // of everything drawn so far
};

Picture lay_out_units(const AttributionGraph& graph, const PrunedGraph& pruned,
                      const PictureOptions& options) {
  const GroupedGraph grouped = group_nodes(graph, pruned, options.supernodes);
  const KeptGraph kept = unit_graph(grouped);
  const std::vector<KeptEdge> drawn =
      strongest_edges(graph, pruned, kept.edges, options.most_edges);
  Layout layout(graph, kept, drawn, make_unit_boxes(graph, pruned, grouped, options));
  Picture picture = layout.finish(pruned, options);
  fill_magnitudes(grouped, picture);
  return picture;
}

void require_sides(const AttributionGraph& graph, const PictureOptions& options) {
  const bool none = options.node_sides.empty() && options.edge_sides.empty();
  if (none || (options.node_sides.size() == graph.n_nodes() &&
               options.edge_sides.size() == graph.edges().edges())) {
    return;
  }
  throw std::invalid_argument("[lay_out] sides of " + std::to_string(options.node_sides.size()) +
                              " nodes and " + std::to_string(options.edge_sides.size()) +
                              " edges, expected one of each of the graph's");
}

void mark_curves(const AttributionGraph& graph, const PictureOptions& options, Picture& picture) {
  for (Curve& curve : picture.curves) {
    const std::size_t target = picture.boxes[curve.target].node;
    const std::size_t source = picture.boxes[curve.source].node;
    curve.side = options.edge_sides[graph.edges().find(target, source).value()];
  }
}

}  // namespace

Picture lay_out(const AttributionGraph& graph, const PrunedGraph& pruned,
                const PictureOptions& options) {
  const KeptGraph kept = kept_graph(graph, pruned);
  if (kept.nodes.empty() || graph.n_positions() == 0) {
    throw std::invalid_argument("[lay_out] no node is kept, expected at least one");
  }
  if (!options.supernodes.empty()) return lay_out_units(graph, pruned, options);
  require_sides(graph, options);
  const std::vector<KeptEdge> drawn =
      strongest_edges(graph, pruned, kept.edges, options.most_edges);
  Layout layout(graph, kept, drawn, make_boxes(graph, pruned, kept, options));
  Picture picture = layout.finish(pruned, options);
  if (!options.edge_sides.empty()) mark_curves(graph, options, picture);
  return picture;
}

}  // namespace circuit
