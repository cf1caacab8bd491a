#include "export/names/head_ids.h"

#include <gtest/gtest.h>

namespace circuit {
namespace {

TEST(HeadIds, AreLayerAndHead) {
  EXPECT_EQ(head_id({.layer = 3, .head = 2}), "3.2");
  EXPECT_EQ(head_id({.layer = 0, .head = 15}), "0.15");
}

TEST(HeadIds, ReadBack) {
  for (const Head head : {Head{0, 0}, Head{3, 2}, Head{31, 127}, Head{2147483647, 2147483647}}) {
    EXPECT_EQ(parse_head_id(head_id(head)), head);
  }
}

TEST(HeadIds, AreNothingElse) {
  for (const char* const text : {"", ".", "3", "3.", ".2", "3.2.1", "-1.2", "3.-2", "+3.2", " 3.2",
                                 "3.2 ", "3,2", "a.b", "2147483648.0", "residual"}) {
    EXPECT_FALSE(parse_head_id(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace circuit
