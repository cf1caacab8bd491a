#include "tracer/cli/progress_line.h"

#include <gtest/gtest.h>

namespace circuit::cli {
namespace {

TEST(ProgressLine, TellsRateAndTimeLeft) {
  EXPECT_EQ(progress_text("attribute", 1200, 6000, 3.0),
            "attribute  1,200 of 6,000 (20 %), 400 a second, 12 s left");
  EXPECT_EQ(progress_text("attribute", 6000, 6000, 3.0),
            "attribute  6,000 of 6,000 (100 %), 2,000 a second");
}

TEST(ProgressLine, TellsWhatIsKnown) {
  EXPECT_EQ(progress_text("load", 0, 5, 0.0), "load  0 of 5 (0 %)");
  EXPECT_EQ(progress_text("read", 8, 0, 2.0), "read  8, 4 a second");
}

TEST(ProgressLine, ShowsNothingWhereThereIsNoTerminal) {
  ::testing::internal::CaptureStderr();
  {
    ProgressLine line(/*quiet=*/false);
    line.update("attribute", 1, 2);
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace circuit::cli
