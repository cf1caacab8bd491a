#include "graph/edge_heads.h"

#include <vector>

#include <gtest/gtest.h>

namespace circuit {
namespace {

const EdgePart kHeadPart{.way = EdgeWay::kHead, .head = {.layer = 3, .head = 2}, .weight = 0.5F};
const EdgePart kResidualPart{.way = EdgeWay::kResidual, .head = {}, .weight = -0.25F};

EdgeHeads example() {
  EdgeHeads heads;
  heads.add(2, std::vector{kHeadPart, kResidualPart});
  heads.add(5, std::vector{kResidualPart});
  return heads;
}

TEST(EdgeHeads, AreEmptyAtFirst) {
  const EdgeHeads none;
  EXPECT_TRUE(none.empty());
  EXPECT_TRUE(none.find(0).empty());
}

TEST(EdgeHeads, KeepThePartsOfEachEdgeTogether) {
  const EdgeHeads heads = example();
  EXPECT_FALSE(heads.empty());
  EXPECT_EQ(heads.edges, (std::vector<std::size_t>{2, 5}));
  EXPECT_EQ(heads.offsets, (std::vector<std::size_t>{0, 2, 3}));
  ASSERT_EQ(heads.parts_of(0).size(), 2U);
  EXPECT_EQ(heads.parts_of(0)[0].head, (Head{.layer = 3, .head = 2}));
  EXPECT_EQ(heads.parts_of(1)[0].weight, -0.25F);
}

TEST(EdgeHeads, FindThePartsOfAnEdgeOfTheGraph) {
  const EdgeHeads heads = example();
  ASSERT_EQ(heads.find(5).size(), 1U);
  EXPECT_EQ(heads.find(5)[0].way, EdgeWay::kResidual);
  EXPECT_EQ(heads.find(2).data(), heads.parts_of(0).data());
  for (const std::size_t edge : {0, 1, 3, 4, 6, 1000})
    EXPECT_TRUE(heads.find(edge).empty()) << edge;
}

TEST(EdgeHeads, HaveAStrongestHeadUnlessNoneIsListed) {
  const EdgePart weak{.way = EdgeWay::kHead, .head = {1, 1}, .weight = 0.25F};
  const EdgePart strong{.way = EdgeWay::kHead, .head = {2, 0}, .weight = -0.5F};
  const EdgePart others{.way = EdgeWay::kOtherHeads, .head = {}, .weight = 9};
  const std::vector<EdgePart> parts{others, weak, strong, kHeadPart};
  EXPECT_EQ(strongest_head(parts), &parts[2]);  // the first of two
  EXPECT_EQ(strongest_head(std::vector{others, kResidualPart}), nullptr);
  EXPECT_EQ(strongest_head({}), nullptr);
}

TEST(Head, ComesByLayerThenByNumber) {
  EXPECT_LT((Head{.layer = 1, .head = 9}), (Head{.layer = 2, .head = 0}));
  EXPECT_LT((Head{.layer = 2, .head = 0}), (Head{.layer = 2, .head = 1}));
}

}  // namespace
}  // namespace circuit
