#include "tracer/cli/count_check.h"

#include <gtest/gtest.h>

namespace circuit::cli {
namespace {

TEST(CountCheck, TakesCountsAndLeavesTextToConversion) {
  for (const char* text : {"0", "12", "18446744073709551615", "x", "", "-", "1e3", "-x"}) {
    EXPECT_EQ(count_complaint(text), "") << text;
  }
}

TEST(CountCheck, TellsOfWhatWouldWrapAround) {
  EXPECT_EQ(count_complaint("-1"), "is -1, expected a whole number from 0");
  EXPECT_EQ(count_complaint("18446744073709551616"),
            "is 18446744073709551616, expected a whole number from 0 that fits in 64 bits");
}

}  // namespace
}  // namespace circuit::cli
