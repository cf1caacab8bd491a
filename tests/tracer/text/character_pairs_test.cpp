#include "tracer/text/character_pairs.h"

#include <gtest/gtest.h>

namespace circuit {
namespace {

TEST(CharacterPairs, HoldTheNeighboursOfATextInTheirOrder) {
  CharacterPairs pairs;
  pairs.add_neighbours("ab\u4E00\U0001F642");
  pairs.add_neighbours("");
  pairs.add_neighbours("x");
  EXPECT_TRUE(pairs.may_contain(U'a', U'b'));
  EXPECT_TRUE(pairs.may_contain(U'b', U'\u4E00'));
  EXPECT_TRUE(pairs.may_contain(U'\u4E00', U'\U0001F642'));
  EXPECT_FALSE(pairs.may_contain(U'b', U'a'));
  EXPECT_FALSE(pairs.may_contain(U'a', U'\u4E00'));
  EXPECT_FALSE(pairs.may_contain(U'\u4E00', U'b'));
}

}  // namespace
}  // namespace circuit
