#include "tracer/text/growing_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tracer/text/small_tokenizer.h"

namespace circuit::testing {
namespace {

// Ids of the small tokenizer are bytes.
struct Pieces {
  explicit Pieces(const std::string& bytes, std::vector<std::string> stop = {})
      : tokenizer(SmallTokenizer{}.load()), text(&tokenizer, std::move(stop)) {
    for (const char byte : bytes) {
      all.push_back(text.add(static_cast<unsigned char>(byte)));
      if (text.is_stopped()) return;
    }
    all.push_back(text.finish());
  }

  Tokenizer tokenizer;
  GrowingText text;
  std::vector<std::string> all;
};

TEST(GrowingText, WaitsForCharactersToBeWhole) {
  const Pieces pieces(
      "a\xC3\xA9"
      "b");
  EXPECT_THAT(pieces.all, ::testing::ElementsAre("a", "", "\u00E9", "b", ""));
  EXPECT_EQ(pieces.text.text(),
            "a\u00E9"
            "b");
}

TEST(GrowingText, GivesWhatNeverBecomesACharacterAtTheEnd) {
  const Pieces pieces("a\xC3");
  EXPECT_THAT(pieces.all, ::testing::ElementsAre("a", "", "\uFFFD"));
}

TEST(GrowingText, HoldsWhatMayBeginAStopTextAndEndsAtIt) {
  const Pieces pieces("xaby", {"abc"});
  EXPECT_THAT(pieces.all, ::testing::ElementsAre("x", "", "", "aby", ""));
  EXPECT_FALSE(pieces.text.is_stopped());
  const Pieces stopped("xaabcd", {"abc", "zz"});
  EXPECT_THAT(stopped.all, ::testing::ElementsAre("x", "", "a", "", ""));
  EXPECT_TRUE(stopped.text.is_stopped());
  EXPECT_EQ(stopped.text.text(), "xa");
}

}  // namespace
}  // namespace circuit::testing
