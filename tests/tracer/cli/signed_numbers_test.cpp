#include "tracer/cli/signed_numbers.h"

#include <gtest/gtest.h>

namespace circuit::cli {
namespace {

TEST(SignedNumbers, GiveTheLargestAboutFourDecimalsWorthOfDigits) {
  EXPECT_EQ(SignedNumbers(1.2345).text(1.2345), "+1.2345");
  EXPECT_EQ(SignedNumbers(0.5).text(-0.25), "-0.2500");
  EXPECT_EQ(SignedNumbers(123.4).text(7), "+7.00");
  EXPECT_EQ(SignedNumbers(0.00123).text(0.00123), "+0.001230");
  EXPECT_EQ(SignedNumbers(1e9).text(-1e9), "-1000000000.0");
  EXPECT_EQ(SignedNumbers(0).text(0), " 0.0000");
}

TEST(SignedNumbers, GiveNoSignToWhatRoundsToZero) {
  EXPECT_EQ(SignedNumbers(1).text(-1e-9), " 0.0000");
  EXPECT_EQ(SignedNumbers(1).text(1e-9), " 0.0000");
}

TEST(SignedNumbers, StandInColumns) {
  const SignedNumbers numbers(12345);
  EXPECT_EQ(numbers.cell(1), "    +1.0");
  EXPECT_EQ(numbers.cell(-12345), "-12345.0");
  EXPECT_EQ(numbers.heading("last"), "    last");
}

TEST(Percent, IsOfAWhole) {
  EXPECT_EQ(percent_of(1, 4), "25.0 %");
  EXPECT_EQ(percent_of(-1, 4), "-25.0 %");
  EXPECT_EQ(percent_of(1, -4), "-25.0 %");
  EXPECT_EQ(percent_of(-1e-9, 4), "0.0 %");
  EXPECT_EQ(percent_of(1, 0), "");
}

}  // namespace
}  // namespace circuit::cli
