#include "tracer/text/positions.h"

#include <gtest/gtest.h>

namespace circuit {
namespace {

TEST(Positions, OfAPromptWithoutAResponseEndWithIt) {
  const NamedPositions positions = positions_of_prompt(5);
  EXPECT_EQ(find_positions("last_prompt", positions), (TokenRange{4, 5}));
  EXPECT_EQ(find_positions("response", positions), (TokenRange{5, 5}));
  EXPECT_EQ(find_positions("last", positions), std::nullopt);
}

TEST(Positions, AreThoseOfTheResponse) {
  const NamedPositions positions{.last_prompt = 2, .response = {.begin = 3, .end = 7}};
  EXPECT_EQ(find_positions("last_prompt", positions), (TokenRange{2, 3}));
  EXPECT_EQ(find_positions("response", positions)->size(), 4);
}

TEST(Positions, HaveNoLastOfThePromptWhereTheResponseBeginsIt) {
  const NamedPositions positions{.last_prompt = -1, .response = {.begin = 0, .end = 2}};
  EXPECT_EQ(find_positions("last_prompt", positions), (TokenRange{0, 0}));
}

}  // namespace
}  // namespace circuit
