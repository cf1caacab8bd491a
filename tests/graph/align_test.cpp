#include "graph/align.h"

#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit {
namespace {

using ::testing::StartsWith;

/// `abc` and `axc` as `aa bx cc`; `-` is none.
std::string aligned(const std::string& a, const std::string& b,
                    const std::vector<FixedPair>& fixed = {}) {
  const auto same = [&](std::size_t i, std::size_t j) { return a[i] == b[j]; };
  std::string text;
  for (const AlignedPosition& column : align(a.size(), b.size(), same, fixed)) {
    text += text.empty() ? "" : " ";
    text += column.a ? a[*column.a] : '-';
    text += column.b ? b[*column.b] : '-';
  }
  return text;
}

TEST(Align, PairsEqualTokens) { EXPECT_EQ(aligned("abc", "abc"), "aa bb cc"); }

TEST(Align, PutsOneWordForAnotherInOneColumn) { EXPECT_EQ(aligned("abc", "axc"), "aa bx cc"); }

TEST(Align, LeavesGapsForMoreWords) {
  EXPECT_EQ(aligned("abcd", "axybcd"), "aa -x -y bb cc dd");
  EXPECT_EQ(aligned("axybcd", "abcd"), "aa x- y- bb cc dd");
}

TEST(Align, PairsTheEndsOfPromptsThatDifferInTheMiddle) {
  EXPECT_EQ(aligned("qdallasis", "qoaklandis"), "qq do aa lk ll aa -n sd ii ss");
}

TEST(Align, TakesGivenPairsAndFindsTheRest) {
  EXPECT_EQ(aligned("abc", "abc", {{0, 1}}), "-a ab b- cc");
  EXPECT_EQ(aligned("abc", "abc", {{2, 2}, {0, 0}}), "aa bb cc");
}

TEST(Align, HandlesEmptyPrompts) {
  EXPECT_EQ(aligned("", ""), "");
  EXPECT_EQ(aligned("ab", ""), "a- b-");
}

TEST(Align, RefusesPairsThatAreOutsideOrCross) {
  const auto message = [](const std::vector<FixedPair>& fixed) {
    return testing::message_of<std::invalid_argument>([&] { aligned("abc", "abc", fixed); });
  };
  EXPECT_EQ(message({{3, 0}}), "[align] 3=0 is outside, expected below 3=3");
  EXPECT_EQ(message({{0, 1}, {1, 0}}),
            "[align] 1=0 does not follow 0=1, expected both sides to ascend");
  EXPECT_THAT(message({{0, 1}, {0, 2}}), StartsWith("[align] 0="));
}

}  // namespace
}  // namespace circuit
