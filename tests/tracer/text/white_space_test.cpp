#include "tracer/text/white_space.h"

#include <gtest/gtest.h>

namespace circuit {
namespace {

TEST(WhiteSpace, IsMeasuredAtBothEnds) {
  const std::string_view text = " \t\u3000a b\u00A0\n";
  EXPECT_EQ(length_of_leading_space(text), 5U);
  EXPECT_EQ(length_without_trailing_space(text), text.size() - 3);
}

TEST(WhiteSpace, MayBeAllOrNothing) {
  EXPECT_EQ(length_of_leading_space("\u2003\u2003"), 6U);
  EXPECT_EQ(length_without_trailing_space("\u2003\u2003"), 0U);
  EXPECT_EQ(length_of_leading_space("\u200Ba"), 0U);  // no space by Unicode's list
  EXPECT_EQ(length_without_trailing_space("a\u200B"), 4U);
  EXPECT_EQ(length_of_leading_space(""), 0U);
  EXPECT_EQ(length_without_trailing_space(""), 0U);
}

}  // namespace
}  // namespace circuit
