#include "tracer/attention/edge_parts.h"

#include <vector>

#include <gtest/gtest.h>

namespace circuit::testing {
namespace {

TEST(EdgeParts, AreListedUntilTheyMakeTheShareAndTheRestIsOne) {
  // Layers 2 and 3 of two heads each; Σ|parts| = 20, of which 19 are to be listed.
  const std::vector<double> last = {-10.0, 0.0, 0.5, 0.5};
  const std::vector<EdgePart> parts = list_parts(last, 2, 2, 9.0);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0].way, EdgeWay::kHead);
  EXPECT_EQ(parts[0].head, (Head{2, 0}));
  EXPECT_EQ(parts[0].weight, -10.0f);
  EXPECT_EQ(parts[1].way, EdgeWay::kResidual);
  EXPECT_EQ(parts[1].weight, 9.0f);
  EXPECT_EQ(parts[2].way, EdgeWay::kOtherHeads);
  EXPECT_EQ(parts[2].weight, 1.0f);
}

TEST(EdgeParts, LeaveOutWhatIsNothing) {
  EXPECT_TRUE(list_parts(std::vector<double>{0.0, 0.0}, 0, 2, 0.0).empty());
  const std::vector<EdgePart> parts = list_parts(std::vector<double>{0.0, 3.0}, 0, 2, 0.0);
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].head, (Head{0, 1}));
}

TEST(EdgeParts, NameNoMoreHeadsThanAreListed) {
  const std::vector<double> last(40, 1.0);
  const std::vector<EdgePart> parts = list_parts(last, 0, 10, 0.0);
  ASSERT_EQ(parts.size(), kListedHeads + 1);
  EXPECT_EQ(parts[0].way, EdgeWay::kOtherHeads);
  EXPECT_EQ(parts[0].weight, static_cast<float>(40 - kListedHeads));
  EXPECT_EQ(parts[1].head, (Head{0, 0}));
  EXPECT_EQ(largest_shares(last, 5, 10).front().head, (Head{5, 0}));
  EXPECT_EQ(largest_shares(last, 5, 10).size(), kListedHeads);
}

}  // namespace
}  // namespace circuit::testing
