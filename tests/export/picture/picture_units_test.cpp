#include "export/picture/picture_units.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

#include <gtest/gtest.h>

#include "export/picture/dot.h"
#include "graph/node_groups.h"
#include "tests/export/xml_rules.h"
#include "tests/support/synthetic_graph.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

struct Example {
  AttributionGraph graph;
  PrunedGraph pruned;
  PictureOptions options;
};

/// Features of a layer and position together: many groups.
Example example(bool hostile = false,
                GroupingOptions by = {.by_layer = true, .by_position = true}) {
  AttributionGraph graph = testing::synthetic_graph({.hostile_text = hostile});
  PrunedGraph pruned = prune(graph, {0.9, 0.98});
  PictureOptions options;
  for (auto& nodes : find_groups(graph, pruned, by)) {
    const std::string name =
        hostile
            ? testing::hostile_texts()[options.supernodes.size() % testing::hostile_texts().size()]
            : "group";
    options.supernodes.push_back({.name = name + " " + std::to_string(options.supernodes.size()),
                                  .nodes = std::move(nodes)});
  }
  return {std::move(graph), std::move(pruned), std::move(options)};
}

TEST(PictureUnits, DrawsEveryUnitOnceAndEveryCollapsedEdge) {
  const Example e = example();
  ASSERT_GT(e.options.supernodes.size(), 3u);
  const GroupedGraph grouped = group_nodes(e.graph, e.pruned, e.options.supernodes);
  const Picture picture = lay_out(e.graph, e.pruned, e.options);
  ASSERT_EQ(picture.boxes.size(), grouped.units.size());
  std::multiset<std::size_t> drawn;
  for (const Box& box : picture.boxes) {
    if (box.members.empty()) drawn.insert(box.node);
    drawn.insert(box.members.begin(), box.members.end());
  }
  EXPECT_EQ(drawn.size(), e.pruned.kept_nodes());
  EXPECT_EQ(std::set(drawn.begin(), drawn.end()).size(), drawn.size());
  EXPECT_EQ(picture.curves.size(), grouped.edges.size());
  double drawn_weight = 0, weight = 0;
  for (const Curve& curve : picture.curves) {
    drawn_weight += curve.magnitude;
    EXPECT_LE(std::abs(curve.weight), curve.magnitude * (1 + 1e-6));
  }
  for (const GroupedEdge& edge : grouped.edges) weight += edge.magnitude;
  EXPECT_DOUBLE_EQ(drawn_weight, weight);
}

TEST(PictureUnits, PutsNoBoxOnAnother) {
  for (const GroupingOptions& by :
       {GroupingOptions{.by_layer = true}, GroupingOptions{.by_position = true},
        GroupingOptions{.by_neighbours = true, .min_shared = 0.2}}) {
    const Example e = example(false, by);
    const Picture picture = lay_out(e.graph, e.pruned, e.options);
    for (const Box& a : picture.boxes) {
      for (const Box& b : picture.boxes) {
        EXPECT_TRUE(&a == &b || std::abs(a.centre.x - b.centre.x) >= (a.width + b.width) / 2 ||
                    std::abs(a.centre.y - b.centre.y) >= (a.height + b.height) / 2);
      }
    }
  }
}

TEST(PictureUnits, LeadsCurvesToBoxesThatStandNoHigherFromBelow) {
  // One group over all layers of a position feeds what stands below its middle.
  const Example e = example(false, {.by_position = true});
  const Picture picture = lay_out(e.graph, e.pruned, e.options);
  std::size_t down = 0;
  for (const Curve& curve : picture.curves) {
    const Box& source = picture.boxes[curve.source];
    const Box& target = picture.boxes[curve.target];
    EXPECT_EQ(curve.points.size() % 3, 1u);
    EXPECT_NEAR(curve.points.front().y, source.centre.y + source.height / 2, 1e-9);
    EXPECT_NEAR(curve.points.back().y, target.centre.y - target.height / 2, 1e-9);
    if (source.line < target.line) continue;
    ++down;
    EXPECT_GT(curve.points[1].y, curve.points[0].y);
    EXPECT_LT(curve.points[curve.points.size() - 2].y, curve.points.back().y);
  }
  EXPECT_GT(down, 0u);
}

TEST(PictureUnits, NamesGroupsAndCountsTheirMembers) {
  const Example e = example();
  const Picture picture = lay_out(e.graph, e.pruned, e.options);
  const Box& box =
      *std::ranges::find_if(picture.boxes, [](const Box& b) { return !b.members.empty(); });
  EXPECT_EQ(box.heading, "group 0");
  EXPECT_EQ(box.label.back().find(std::to_string(box.members.size()) + " nodes, L"), 0u);
}

TEST(PictureUnits, AreReadableInEveryFormat) {
  for (const bool hostile : {false, true}) {
    const Example e = example(hostile);
    const std::string dot = render(e.graph, e.pruned, e.options, PictureFormat::kDot);
    EXPECT_NE(dot.find("class=supernode"), std::string::npos);
    EXPECT_NE(dot.find("magnitude="), std::string::npos);
    const std::string svg = render(e.graph, e.pruned, e.options, PictureFormat::kSvg);
    EXPECT_EQ(testing::first_xml_error(svg), "");
    EXPECT_NE(svg.find("supernode"), std::string::npos);
  }
}

TEST(PictureUnits, RefuseWhatIsNoPartition) {
  Example e = example();
  e.options.supernodes.push_back(e.options.supernodes.front());
  EXPECT_EQ(
      testing::message_of<std::invalid_argument>([&] { lay_out(e.graph, e.pruned, e.options); }),
      "[supernodes] group 'group 0' comes twice");
}

}  // namespace
}  // namespace circuit
