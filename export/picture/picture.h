// A picture of a pruned graph as plain numbers: where every box, curve and text stands. Layers are
// rows from tokens (bottom) to targets (top), positions are columns. Knows no Graphviz; dot.h draws
// it. Lengths are points (1/72 inch), y grows upwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/attribution_graph.h"
#include "graph/compare.h"
#include "graph/prune.h"
#include "graph/scores.h"
#include "graph/supernodes.h"

namespace circuit {

struct PictureOptions {
  /// Of PNG files; lowered for pictures that would pass 16,000 pixels a side or 60 million in all.
  double dots_per_inch = 120;
  /// Edges that are drawn at most, those with the largest shares of what influential nodes read;
  /// 0 = all. Thousands hide each other, and cost a second for every few thousand. DOT has all.
  std::size_t most_edges = 1000;
  /// Edges, the strongest ones, that carry the name of the head by which most of them runs, where
  /// the graph knows it; 0 = none. More hide the lines. Not with supernodes or a comparison.
  std::size_t most_head_names = 24;
  /// Lines of a feature's label before it is cut, at least 1.
  std::size_t label_lines = 3;
  /// The heading. Empty = the prompt.
  std::string title{};
  /// Of the unpruned graph; shown under the heading when there.
  Scores scores{};
  /// Drawn as one box each, with collapsed edges; names unique.
  std::vector<Supernode> supernodes{};
  /// Of the union of two graphs (graph/compare.h), which nodes [n_nodes] and edges [edges] are of
  /// which: colours then tell that, and dashes the sign. Empty = no comparison.
  std::vector<Side> node_sides{};
  std::vector<Side> edge_sides{};
};

struct Point {
  double x = 0;
  double y = 0;
};

/// A node or a supernode: its text and its rectangle. `line` counts the picture's lines of boxes
/// from the bottom; a layer takes as many lines as its fullest cell needs.
struct Box {
  std::size_t node = 0;  ///< Node index in the graph; of a supernode its first member's.
  std::vector<std::size_t> members;  ///< Of a supernode, node indices; empty = a node.
  std::string name;                  ///< Of a supernode.
  std::int32_t layer = 0;            ///< The row and
  std::int32_t position = 0;         ///< the column where it stands.
  NodeKind kind = NodeKind::kFeature;
  std::string heading;             ///< `L3/512`, `" grand"`; tokens: the token; errors: nothing
  std::vector<std::string> label;  ///< the lines under it
  double width = 0;
  double height = 0;
  Point centre;
  std::size_t line = 0;
  double strength = 0;         ///< In [0, 1]: 1 for the most influential nodes.
  std::optional<Side> side{};  ///< In a comparison.
};

/// An edge as cubic Bézier pieces: 3 n + 1 points from the source's top to the target's bottom.
/// Where supernodes feed each other the target may stand no higher than the source.
struct Curve {
  std::size_t source = 0;  ///< Index into Picture::boxes.
  std::size_t target = 0;  ///< Index into Picture::boxes.
  float weight = 0;
  double share = 0;       ///< Of the target's kept input, in [0, 1].
  double magnitude = 0;   ///< Σ|w| of collapsed edges; 0 where nothing was collapsed.
  std::size_t edges = 0;  ///< How many were collapsed.
  std::vector<Point> points;
  std::optional<Side> side{};  ///< In a comparison.
  std::string head{};  ///< `3.2`: the head by which most of the edge runs; empty = none, unknown.
  std::optional<Point> head_at{};  ///< The middle of its name, where that is written.
};

enum class Align { kLeft, kCentre, kRight };

struct Text {
  Point at;  ///< On the base line.
  std::string text;
  double size = 8;
  bool bold = false;
  Align align = Align::kLeft;
  std::string colour;
};

/// A filled rectangle, or with `line_width` > 0 a line from corner to corner.
struct Shape {
  Point from, to;
  std::string colour;
  double line_width = 0;
};

struct Picture {
  std::vector<Box> boxes;     ///< In node order.
  std::vector<Curve> curves;  ///< Weak ones first.
  std::vector<Shape> shapes;  ///< Behind everything.
  std::vector<Text> texts;
};

/// Throws std::invalid_argument when the masks do not fit the graph or keep no node, and as
/// `check_supernodes` does.
Picture lay_out(const AttributionGraph& graph, const PrunedGraph& pruned,
                const PictureOptions& options);

}  // namespace circuit
