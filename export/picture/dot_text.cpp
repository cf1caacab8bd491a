#include "export/picture/dot_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "export/names/node_names.h"
#include "export/picture/picture_boxes.h"
#include "export/picture/picture_heads.h"
#include "export/picture/picture_legend.h"
#include "export/text/output_text.h"

namespace circuit {
namespace {

// Graphviz draws a second frame outside a node's size: both sides together.
constexpr double kSecondFrame = 8;
// Of collapsed edges, |signed sum| over Σ|w|: below it a line has no sign to speak of.
constexpr double kMostlyOneSign = 0.5;
// The others are for SVG on machines without DejaVu; Verdana has nearly its widths.
constexpr std::string_view kFont = "DejaVu Sans,Verdana,sans-serif";

std::string points(double value) { return fixed_text(value, 2); }
std::string inches(double value) { return fixed_text(value / 72, 4); }
std::string to_text(Point point) { return points(point.x) + "," + points(point.y); }

/// Graphviz leaves what looks like an entity unescaped in SVG, even `&#0;`: a zero-width space
/// behind the ampersand keeps text as it is.
std::string without_entities(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] != '&') continue;
    const std::size_t end = text.find_first_not_of(
        "#0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", i + 1);
    if (end != std::string_view::npos && text[end] == ';') out += "\u200B";
  }
  return out;
}

/// Graphviz reads labels and tooltips as escStrings, where `\N` is the node's name: text means its
/// backslashes.
std::string doubled_backslashes(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') out += '\\';
    out += c;
  }
  return out;
}

/// A DOT string of the text; Graphviz decodes entities in it.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : doubled_backslashes(without_entities(text))) {
    if (c == '"') out += '\\';
    out += c;
    if (c == '&') out += "amp;";
  }
  return out + "\"";
}

std::string html_text(std::string_view text) {
  return doubled_backslashes(escape_xml(without_entities(text)));
}

std::string font(double size, const std::string& text) {
  return "<FONT POINT-SIZE=\"" + fixed_text(size, 0) + "\">" + text + "</FONT>";
}

std::string html_label(const Box& box) {
  std::string label = "<" + font(kHeadingSize, "<B>" + html_text(box.heading) + "</B>");
  for (const std::string& line : box.label) {
    label += "<BR/>" + font(kLabelSize, html_text(line));
  }
  return label + ">";
}

using Rgb = std::array<double, 3>;

std::string hex_colour(const Rgb& from, const Rgb& to, double t) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out = "#";
  for (std::size_t i = 0; i < from.size(); ++i) {
    const auto value = static_cast<unsigned>(std::lround(from[i] + (to[i] - from[i]) * t));
    out += kDigits[value >> 4];
    out += kDigits[value & 15];
  }
  return out;
}

std::string compared_style(const Box& box) {
  const SideColours colours = side_colours(*box.side);
  const bool rounded = box.kind == NodeKind::kFeature, diamond = box.kind == NodeKind::kError;
  return std::string("shape=") + (diamond ? "diamond" : "box") + " style=\"filled" +
         (rounded ? ",rounded" : "") + "\" color=\"" + colours.line +
         "\" penwidth=" + (*box.side == Side::kBoth ? "0.8" : "1.6") + " fillcolor=\"" +
         colours.fill + "\"";
}

std::string style_of(const Box& box) {
  if (box.side) return compared_style(box);
  switch (box.kind) {
    case NodeKind::kFeature:
      return "shape=box style=\"filled,rounded\" color=\"#8A94A3\" penwidth=0.8 fillcolor=" +
             quoted(hex_colour({255, 255, 255}, {255, 221, 158}, box.strength));
    case NodeKind::kError:
      return "shape=diamond style=filled color=\"#8A94A3\" penwidth=0.8 fillcolor=\"#C3CAD3\"";
    case NodeKind::kToken:
      return "shape=box style=filled color=\"#8A94A3\" penwidth=0.8 fillcolor=\"#E3E8EF\"";
    case NodeKind::kTarget:
      break;
  }
  return "shape=box style=filled color=\"#22344A\" penwidth=0.8 fillcolor=\"#22344A\" "
         "fontcolor=white";
}

std::string label_of(const Box& box) {
  if (box.kind == NodeKind::kError) return "\"\"";
  if (box.kind == NodeKind::kToken)
    return quoted(box.heading) + " fontsize=" + points(kHeadingSize);
  return html_label(box);
}

/// What the node is, for programs that read DOT.
std::string data_of(const AttributionGraph& graph, const PrunedGraph& pruned, std::size_t index) {
  const Node node = graph.node(index);
  std::string data =
      "kind=" + std::string(kind_name(node.kind)) + " layer=" + std::to_string(node.layer) +
      " position=" + std::to_string(node.position) + " feature=" + std::to_string(node.feature);
  const float influence = pruned.node_cumulative_influence[index];
  if (node.kind == NodeKind::kFeature) {
    data += " activation=" + quoted(number_text(graph.activation(index)));
  }
  if (node.kind == NodeKind::kTarget) {
    data += " probability=" + quoted(number_text(graph.target(index).probability));
  } else if (std::isfinite(influence)) {
    data += " influence=" + quoted(number_text(influence));
  }
  return data;
}

/// The same of a supernode.
std::string data_of(const AttributionGraph& graph, const Box& box) {
  std::string members;
  for (const std::size_t node : box.members) {
    members += (members.empty() ? "" : " ") + name_node(graph, node).node_id;
  }
  return "kind=supernode layer=" + std::to_string(box.layer) +
         " position=" + std::to_string(box.position) + " name=" + quoted(one_line(box.name)) +
         " members=" + quoted(members) + " peripheries=2";
}

std::string describe(const AttributionGraph& graph, const Box& box) {
  if (box.members.empty()) return describe_node(graph, box.node);
  return one_line(box.name) + " (" + std::to_string(box.members.size()) + ")";
}

std::string tooltip_of(const AttributionGraph& graph, const Box& box) {
  std::string text = describe(graph, box);
  for (const std::size_t node : box.members) text += " | " + describe_node(graph, node);
  return text;
}

std::string node_text(const AttributionGraph& graph, const PrunedGraph& pruned, const Box& box,
                      const std::string& id) {
  const bool group = !box.members.empty();
  const double frame = group ? kSecondFrame : 0.0;
  return "  " + quoted(id) + " [pos=\"" + to_text(box.centre) +
         "\" width=" + inches(box.width - frame) + " height=" + inches(box.height - frame) +
         " label=" + label_of(box) + " tooltip=" + quoted(tooltip_of(graph, box)) +
         " class=" + std::string(group ? "supernode" : kind_name(box.kind)) + " " + style_of(box) +
         " " + (group ? data_of(graph, box) : data_of(graph, pruned, box.node)) + "];\n";
}

/// Weak edges are thin and pale, so that a hundred of them do not hide one that matters.
std::string curve_style(const Curve& curve) {
  const double width = 0.4 + 4.2 * std::pow(curve.share, 0.75);
  const double opacity = std::clamp(0.08 + 1.1 * std::pow(curve.share, 0.6), 0.0, 0.92);
  const std::string alpha = hex_colour({0, 0, 0}, {255, 255, 255}, opacity).substr(1, 2);
  const char* const colour = curve.side         ? side_colours(*curve.side).line
                             : curve.weight < 0 ? kNegativeColour
                                                : kPositiveColour;
  // In a comparison colours are taken, and dashes tell the sign.
  const bool dashed =
      curve.side ? curve.weight < 0 : std::abs(curve.weight) < kMostlyOneSign * curve.magnitude;
  return std::string("color=\"") + colour + alpha + "\" penwidth=" + points(width) +
         (dashed ? " style=dashed" : "");
}

/// The head's name on its line, on a ground that lets it be read.
std::string head_text(const Curve& curve) {
  if (curve.head.empty()) return "";
  std::string text = " head=" + quoted(curve.head);
  if (curve.head_at) {
    text += " lp=\"" + to_text(*curve.head_at) + "\" fontname=\"" + std::string(kFont) +
            "\" fontsize=" + points(kHeadNameSize) +
            " label=<<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLPADDING=\"1\" CELLSPACING=\"0\" "
            "BGCOLOR=\"#FFFFFFD8\"><TR><TD>" +
            html_text(curve.head) + "</TD></TR></TABLE>>";
  }
  return text;
}

std::string edge_text(const AttributionGraph& graph, const Picture& picture, const Curve& curve,
                      const std::vector<std::string>& ids) {
  std::string path;
  for (const Point& point : curve.points) path += (path.empty() ? "" : " ") + to_text(point);
  const std::string tooltip = describe(graph, picture.boxes[curve.source]) + " → " +
                              describe(graph, picture.boxes[curve.target]) + ": " +
                              (curve.weight < 0 ? "" : "+") + number_text(curve.weight) + ", " +
                              fixed_text(100 * curve.share, 1) + "% of its input" +
                              (curve.head.empty() ? "" : ", mostly by head " + curve.head);
  const std::string collapsed = curve.edges == 0 ? ""
                                                 : " magnitude=\"" + number_text(curve.magnitude) +
                                                       "\" edges=" + std::to_string(curve.edges);
  return "  " + quoted(ids[curve.source]) + " -> " + quoted(ids[curve.target]) + " [pos=\"" + path +
         "\" " + curve_style(curve) + " weight=\"" + number_text(curve.weight) + "\" share=\"" +
         number_text(curve.share) + "\"" + collapsed + head_text(curve) +
         " tooltip=" + quoted(tooltip) + "];\n";
}

/// A length-prefixed string of the xdot language. It has no escapes and a DOT string cannot hold a
/// backslash before a quote, so a backslash becomes the set minus that looks like it.
std::string xdot_string(std::string_view text) {
  std::string out;
  for (const char c : without_entities(text)) {
    if (c == '\\') {
      out += "∖";
    } else {
      out += c;
    }
  }
  return std::to_string(out.size()) + " -" + out;
}

std::string to_xdot(Point point) { return points(point.x) + " " + points(point.y); }

std::string shape_text(const Shape& shape) {
  const std::string colour = xdot_string(shape.colour);
  if (shape.line_width > 0) {
    return "S " + xdot_string("setlinewidth(" + points(shape.line_width) + ")") + " c " + colour +
           " L 2 " + to_xdot(shape.from) + " " + to_xdot(shape.to) + " ";
  }
  return "S " + xdot_string("setlinewidth(0)") + " c " + colour + " C " + colour + " P 4 " +
         to_xdot(shape.from) + " " + to_xdot({shape.to.x, shape.from.y}) + " " + to_xdot(shape.to) +
         " " + to_xdot({shape.from.x, shape.to.y}) + " ";
}

std::string words_text(const Text& text) {
  const FontWeight weight = text.bold ? FontWeight::kBold : FontWeight::kRegular;
  const int align = text.align == Align::kLeft ? -1 : text.align == Align::kRight ? 1 : 0;
  return "F " + points(text.size) + " " + xdot_string(kFont) + (text.bold ? " t 1 c " : " t 0 c ") +
         xdot_string(text.colour) + " T " + to_xdot(text.at) + " " + std::to_string(align) + " " +
         points(text_width(text.text, text.size, weight)) + " " + xdot_string(text.text) + " ";
}

/// Grid, heading and key are drawn behind the graph, so that the graph's nodes are the only nodes.
std::string background(const Picture& picture) {
  std::string out;
  for (const Shape& shape : picture.shapes) out += shape_text(shape);
  for (const Text& text : picture.texts) out += words_text(text);
  std::string escaped;
  for (const char c : out) {
    if (c == '"') escaped += '\\';
    escaped += c;
  }
  return "\"" + escaped + "\"";
}

}  // namespace

std::string dot_text(const AttributionGraph& graph, const PrunedGraph& pruned,
                     const Picture& picture) {
  std::string out =
      "digraph circuit {\n"
      "  graph [layout=nop2 charset=\"UTF-8\" bgcolor=white outputorder=edgesfirst pad=0.2\n"
      "    _background=" +
      background(picture) +
      "];\n"
      "  node [fixedsize=true margin=0 fontname=\"" +
      std::string(kFont) +
      "\" fontcolor=\"#1B2530\"];\n"
      "  edge [arrowhead=none];\n";
  std::vector<std::string> ids;
  for (const Box& box : picture.boxes) {
    ids.push_back(box.members.empty() ? name_node(graph, box.node).node_id
                                      : "supernode_" + std::to_string(ids.size() + 1));
    out += node_text(graph, pruned, box, ids.back());
  }
  for (const Curve& curve : picture.curves) out += edge_text(graph, picture, curve, ids);
  return out + "}\n";
}

}  // namespace circuit
