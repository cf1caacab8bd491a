#include "export/picture/picture_boxes.h"

#include <algorithm>
#include <cmath>

#include "export/names/node_names.h"
#include "export/text/output_text.h"

namespace circuit {
namespace {

constexpr double kLabelWidth = 84;
constexpr double kNameWidth = 128;
constexpr double kFrameRoom = 8;  // of the second frame of supernodes
constexpr double kLabelLine = 9.8;
constexpr double kHeadingLine = 11.5;
constexpr double kErrorSize = 13;
constexpr std::size_t kLongestToken = 18;

void fit(double least_width, Box& box) {
  double width = text_width(box.heading, kHeadingSize, FontWeight::kBold);
  for (const std::string& line : box.label) width = std::max(width, text_width(line, kLabelSize));
  box.width = std::max(least_width, width + 10);
  box.height = 7 + kHeadingLine + kLabelLine * static_cast<double>(box.label.size());
}

void fill_feature(const AttributionGraph& graph, const Node& node, const PictureOptions& options,
                  Box& box) {
  if (box.side == Side::kOnlyA) box.heading = "A ";
  if (box.side == Side::kOnlyB) box.heading = "B ";
  box.heading += "L" + std::to_string(node.layer) + "/" + std::to_string(node.feature);
  box.label = wrap_text(feature_label(graph, node.layer, node.feature), kLabelWidth, kLabelSize,
                        std::max<std::size_t>(1, options.label_lines));
  fit(52, box);
}

/// What stands under the name of a target that is no output.
void fill_weight(double weight, Box& box) {
  if (weight != 1.0) box.label.push_back("weight " + number_text(weight));
  fit(44, box);
}

void fill_feature_target(const AttributionGraph& graph, const Target& target,
                         const PictureOptions& options, Box& box) {
  box.heading = one_line(target.display) + " at " + std::to_string(target.position);
  box.label = wrap_text(feature_label(graph, target.layer, target.feature), kLabelWidth, kLabelSize,
                        std::max<std::size_t>(1, options.label_lines));
  fill_weight(target.probability, box);
}

/// Only tokens and differences are quoted.
void fill_target(const AttributionGraph& graph, const Target& target, const PictureOptions& options,
                 Box& box) {
  if (target.kind == TargetKind::kFeature) {
    fill_feature_target(graph, target, options, box);
    return;
  }
  const std::string quote = target.kind == TargetKind::kVector ? "" : "\"";
  std::vector<std::string> lines =
      wrap_text(quote + one_line(target.display) + quote, 110, kHeadingSize, 2);
  box.heading = lines.empty() ? "\"\"" : lines.front();
  box.label.assign(lines.begin() + (lines.empty() ? 0 : 1), lines.end());
  if (target.kind == TargetKind::kVector) {
    fill_weight(target.probability, box);
    return;
  }
  box.label.push_back(fixed_text(100 * target.probability, 1) + "%");
  fit(44, box);
}

/// Blank tokens are quoted, so that they can be seen.
std::string token_text(std::string_view token) {
  const std::string text = shorten(one_line(token), kLongestToken);
  return text.find_first_not_of(' ') == std::string::npos ? "\"" + text + "\"" : text;
}

}  // namespace

double strength_of(const PrunedGraph& pruned, float cumulative_influence) {
  const double most = std::max(pruned.options.node_threshold, 1e-6);
  return std::sqrt(std::clamp(1 - cumulative_influence / most, 0.0, 1.0));
}

Box make_box(const AttributionGraph& graph, const PrunedGraph& pruned, std::size_t index,
             const PictureOptions& options) {
  const Node node = graph.node(index);
  Box box;
  box.node = index;
  box.kind = node.kind;
  box.layer = node.layer;
  box.position = node.position;
  box.strength = strength_of(pruned, pruned.node_cumulative_influence[index]);
  if (!options.node_sides.empty()) box.side = options.node_sides[index];
  switch (node.kind) {
    case NodeKind::kFeature:
      fill_feature(graph, node, options, box);
      break;
    case NodeKind::kError:
      box.width = box.height = kErrorSize;
      break;
    case NodeKind::kToken:
      box.heading = token_text(graph.nodes().tokens[static_cast<std::size_t>(node.position)]);
      fit(34, box);
      break;
    case NodeKind::kTarget:
      fill_target(graph, graph.target(index), options, box);
      break;
  }
  return box;
}

void fill_supernode(std::string_view name, std::string members, Box& box) {
  const double bold = 1.12;  // wider than what is measured
  std::vector<std::string> lines = wrap_text(one_line(name), kNameWidth / bold, kHeadingSize, 2);
  box.heading = lines.empty() ? std::string(" ") : lines.front();
  box.label.assign(lines.begin() + (lines.empty() ? 0 : 1), lines.end());
  box.label.push_back(std::move(members));
  fit(64, box);
  box.width += kFrameRoom;
  box.height += kFrameRoom;
}

std::vector<Box> make_boxes(const AttributionGraph& graph, const PrunedGraph& pruned,
                            const KeptGraph& kept, const PictureOptions& options) {
  std::vector<Box> boxes;
  boxes.reserve(kept.nodes.size());
  for (const std::size_t node : kept.nodes) {
    boxes.push_back(make_box(graph, pruned, node, options));
  }
  return boxes;
}

}  // namespace circuit
