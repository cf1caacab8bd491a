#include "export/picture/picture_heads.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "export/picture/dot.h"
#include "tests/support/synthetic_attention.h"
#include "tests/support/synthetic_graph.h"

namespace circuit {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Divided {
  AttributionGraph graph;
  PrunedGraph pruned;
};

Divided divided() {
  AttributionGraph graph = testing::synthetic_graph();
  PrunedGraph pruned = prune(graph);
  graph.set_attention(testing::synthetic_attention(graph, pruned));
  return {std::move(graph), std::move(pruned)};
}

/// Slow and obvious: the largest part, if it is a head's.
std::string expected_head(const AttributionGraph& graph, const Picture& picture,
                          const Curve& curve) {
  const std::size_t target = picture.boxes[curve.target].node;
  const std::size_t source = picture.boxes[curve.source].node;
  EdgePart largest{.way = EdgeWay::kResidual};
  for (const EdgePart& part :
       graph.attention().edge_heads.find(graph.edges().find(target, source).value())) {
    if (std::abs(part.weight) > std::abs(largest.weight)) largest = part;
  }
  if (largest.way != EdgeWay::kHead) return "";
  return std::to_string(largest.head.layer) + "." + std::to_string(largest.head.head);
}

TEST(PictureHeads, NamesTheHeadByWhichMostOfAnEdgeRuns) {
  const auto [graph, pruned] = divided();
  const Picture picture = lay_out(graph, pruned, {});
  std::size_t named = 0;
  for (const Curve& curve : picture.curves) {
    EXPECT_EQ(curve.head, expected_head(graph, picture, curve));
    named += curve.head.empty() ? 0 : 1;
  }
  EXPECT_GT(named, 20U);
}

std::vector<const Curve*> written(const Picture& picture) {
  std::vector<const Curve*> curves;
  for (const Curve& curve : picture.curves) {
    if (curve.head_at) curves.push_back(&curve);
  }
  return curves;
}

TEST(PictureHeads, WritesTheNamesOfTheStrongestEdgesOnly) {
  const auto [graph, pruned] = divided();
  for (const std::size_t most : {std::size_t{0}, std::size_t{5}, std::size_t{30}}) {
    const Picture picture = lay_out(graph, pruned, {.most_head_names = most});
    const auto curves = written(picture);
    EXPECT_LE(curves.size(), most);
    EXPECT_EQ(curves.empty(), most == 0);
    for (const Curve* const curve : curves) EXPECT_GE(curve->share, 0.05);
  }
}

TEST(PictureHeads, CoversNoBoxAndNoOtherName) {
  const auto [graph, pruned] = divided();
  const Picture picture = lay_out(graph, pruned, {});
  const auto curves = written(picture);
  ASSERT_GT(curves.size(), 5U);
  for (const Curve* const curve : curves) {
    const Point at = *curve->head_at;
    for (const Box& box : picture.boxes) {
      EXPECT_FALSE(std::abs(at.x - box.centre.x) < box.width / 2 &&
                   std::abs(at.y - box.centre.y) < box.height / 2);
    }
    for (const Curve* const other : curves) {
      if (other == curve) continue;
      EXPECT_FALSE(std::abs(at.x - other->head_at->x) < 10 &&
                   std::abs(at.y - other->head_at->y) < kHeadNameSize);
    }
  }
}

TEST(PictureHeads, SaysItInDotAndInTheKey) {
  const auto [graph, pruned] = divided();
  const std::string dot = render(graph, pruned, {}, PictureFormat::kDot);
  EXPECT_THAT(dot, HasSubstr(" head=\""));
  EXPECT_THAT(dot, HasSubstr(" lp=\""));
  EXPECT_THAT(dot, HasSubstr(", mostly by head "));
  EXPECT_THAT(dot, HasSubstr("3.2 on a line: most of it runs by head 2 of layer 3"));
  const std::string svg = render(graph, pruned, {}, PictureFormat::kSvg);
  EXPECT_THAT(svg, HasSubstr("3.2 on a line"));
}

TEST(PictureHeads, LeavesNoTraceWhereEdgesAreNotDivided) {
  const AttributionGraph plain = testing::synthetic_graph();
  AttributionGraph tables = plain;
  const PrunedGraph pruned = prune(plain);
  tables.set_attention(testing::synthetic_attention(plain, pruned, {.parts = false}));
  const std::string dot = render(plain, pruned, {}, PictureFormat::kDot);
  EXPECT_EQ(render(tables, pruned, {}, PictureFormat::kDot), dot);
  EXPECT_THAT(dot, Not(HasSubstr(" on a line: ")));
}

TEST(PictureHeads, AreNotThoseOfSupernodes) {
  const auto [graph, pruned] = divided();
  std::vector<std::size_t> members;
  for (std::size_t node = 0; node < graph.n_features() && members.size() < 2; ++node) {
    if (pruned.node_mask[node] != 0) members.push_back(node);
  }
  const Picture picture = lay_out(graph, pruned, {.supernodes = {{"both", members}}});
  EXPECT_TRUE(written(picture).empty());
}

}  // namespace
}  // namespace circuit
