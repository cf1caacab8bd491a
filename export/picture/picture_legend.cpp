#include "export/picture/picture_legend.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "export/text/output_text.h"

namespace circuit {
namespace {

constexpr double kTitleSize = 13;
constexpr double kTextSize = 8.5;
constexpr char kInk[] = "#1B2530";
constexpr char kGrey[] = "#5B6573";

/// "8123" as "8,123".
std::string grouped(std::size_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string summary(const AttributionGraph& graph, const KeptGraph& kept,
                    const PictureOptions& options, const Picture& picture) {
  constexpr const char* kBetween = "   ·   ";
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : kBetween) + part; };
  if (!graph.provenance().model_name.empty()) add(one_line(graph.provenance().model_name));
  if (options.scores.replacement) {
    add("replacement " + fixed_text(*options.scores.replacement, 3));
  }
  if (options.scores.completeness) {
    add("completeness " + fixed_text(*options.scores.completeness, 3));
  }
  if (!options.supernodes.empty()) {
    std::size_t members = 0;
    for (const Supernode& supernode : options.supernodes) members += supernode.nodes.size();
    const std::size_t groups = options.supernodes.size();
    add(grouped(kept.nodes.size() - groups + members) + " of " + grouped(graph.n_nodes()) +
        " nodes, " + grouped(members) + " of them in " + grouped(groups) + " supernodes");
    add(grouped(kept.edges.size()) + " collapsed edges");
  } else {
    add(grouped(kept.nodes.size()) + " of " + grouped(graph.n_nodes()) + " nodes, " +
        grouped(kept.edges.size()) + " of " + grouped(graph.edges().edges()) + " edges");
  }
  if (picture.curves.size() < kept.edges.size()) {
    add("only the " + grouped(picture.curves.size()) + " strongest edges are drawn");
  }
  return text;
}

void add_heading(const AttributionGraph& graph, const KeptGraph& kept,
                 const PictureOptions& options, const Frame& frame, Picture& picture) {
  const std::string& title = options.title.empty() ? graph.provenance().prompt : options.title;
  const double width = std::max(360.0, frame.right - frame.left) / 1.12;  // bold is wider
  auto lines = wrap_text(one_line(title), width, kTitleSize, 3);
  std::ranges::reverse(lines);
  double y = frame.top + 24;
  picture.texts.push_back({{frame.left, y},
                           summary(graph, kept, options, picture),
                           kTextSize,
                           false,
                           Align::kLeft,
                           kGrey});
  y += 17;
  for (const std::string& line : lines) {
    picture.texts.push_back({{frame.left, y}, line, kTitleSize, true, Align::kLeft, kInk});
    y += 17;
  }
}

/// Writes `text` at `at` and moves `at` behind it.
void add_words(const std::string& text, Point& at, Picture& picture) {
  picture.texts.push_back({at, text, kTextSize, false, Align::kLeft, kGrey});
  at.x += text_width(text, kTextSize) + 20;
}

void add_sample(const char* colour, double width, Point& at, Picture& picture) {
  picture.shapes.push_back({{at.x, at.y + 3}, {at.x + 24, at.y + 3}, colour, width});
  at.x += 29;
}

void add_comparison_key(Point at, Picture& picture) {
  for (const auto& [side, words] :
       {std::pair(Side::kBoth, "in both"), std::pair(Side::kOnlyA, "only in A"),
        std::pair(Side::kOnlyB, "only in B")}) {
    add_sample(side_colours(side).line, 2.6, at, picture);
    add_words(words, at, picture);
  }
  add_words("dashed: lowers its target", at, picture);
  add_words("width: share of the target's input", at, picture);
}

void add_key(const KeptGraph& kept, const Frame& frame, Picture& picture) {
  Point at{frame.left, frame.bottom - 22};
  if (std::ranges::any_of(picture.boxes, [](const Box& box) { return box.side.has_value(); })) {
    add_comparison_key(at, picture);
    return;
  }
  add_sample(kPositiveColour, 2.6, at, picture);
  add_words("raises its target", at, picture);
  add_sample(kNegativeColour, 2.6, at, picture);
  add_words("lowers it", at, picture);
  add_words("width: share of the target's kept input", at, picture);
  const bool heads = std::ranges::any_of(
      picture.curves, [](const Curve& curve) { return curve.head_at.has_value(); });
  if (heads) add_words("3.2 on a line: most of it runs by head 2 of layer 3", at, picture);
  const bool errors = std::ranges::any_of(
      picture.boxes, [](const Box& box) { return box.kind == NodeKind::kError; });
  const bool groups =
      std::ranges::any_of(picture.boxes, [](const Box& box) { return !box.members.empty(); });
  if (groups) {
    add_words("double frame: supernode", at, picture);
    add_words("dashed: signs that cancel", at, picture);
  }
  if (errors) add_words("◆ reconstruction error", at, picture);
  if (!kept.nodes.empty()) add_words("warmer box: more influence", at, picture);
}

}  // namespace

SideColours side_colours(Side side) {
  switch (side) {
    case Side::kOnlyA:
      return {kPositiveColour, "#CCE3F0"};
    case Side::kOnlyB:
      return {kNegativeColour, "#F9DDC7"};
    case Side::kBoth:
      break;
  }
  return {"#5B6573", "#FFFFFF"};
}

void add_legend(const AttributionGraph& graph, const PrunedGraph&, const KeptGraph& kept,
                const PictureOptions& options, const Frame& frame, Picture& picture) {
  add_heading(graph, kept, options, frame, picture);
  add_key(kept, frame, picture);
}

}  // namespace circuit
