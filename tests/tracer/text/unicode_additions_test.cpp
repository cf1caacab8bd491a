#include "tracer/text/unicode_additions.h"

#include <gtest/gtest.h>

namespace circuit {
namespace {

TEST(UnicodeAdditions, LeaveOlderTextAlone) {
  EXPECT_EQ(with_stand_ins("plain \u00E9 \u4E00 \U0001F600 \U00020000"), std::nullopt);
  EXPECT_EQ(with_stand_ins(""), std::nullopt);
}

TEST(UnicodeAdditions, AreReplacedWithoutMovingAnything) {
  const std::string text = "a\u1C89b\U000323AFc\u1C8A\U0001FAE8";
  const auto changed = with_stand_ins(text);
  ASSERT_TRUE(changed.has_value());
  EXPECT_EQ(changed->size(), text.size());
  EXPECT_EQ(*changed, "a\u1E00b\U00020000c\u1E01\U00010137");
}

TEST(UnicodeAdditions, EndWhereTheirRangesEnd) {
  EXPECT_TRUE(with_stand_ins("\U000105F3").has_value());
  EXPECT_FALSE(with_stand_ins("\U000105F4").has_value());
  EXPECT_TRUE(with_stand_ins("\u0897").has_value());       // the first range
  EXPECT_FALSE(with_stand_ins("\U000323B0").has_value());  // behind the last
}

}  // namespace
}  // namespace circuit
