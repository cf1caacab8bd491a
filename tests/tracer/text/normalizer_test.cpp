#include "tracer/text/normalizer.h"

#include <gtest/gtest.h>

namespace circuit {
namespace {

using Kind = NormalizerStep::Kind;

std::string normalize(Kind kind, std::string_view text) {
  return Normalizer({{kind, "", ""}}).normalize(text);
}

TEST(Normalizer, ComposesAndDecomposes) {
  EXPECT_EQ(normalize(Kind::kNfc, "A\u030A"), "\u00C5");
  EXPECT_EQ(normalize(Kind::kNfd, "\u00C5"), "A\u030A");
  EXPECT_EQ(normalize(Kind::kNfkc, "\uFB01"), "fi");
  EXPECT_EQ(normalize(Kind::kNfkd, "\u00C5\uFB01"), "A\u030Afi");
  EXPECT_EQ(normalize(Kind::kNfc, "\uFB01"), "\uFB01");
  EXPECT_EQ(normalize(Kind::kNfc, "plain"), "plain");
}

// Expected: Hugging Face's `tokenizers` 0.23.
TEST(Normalizer, LeavesCharactersNewerThanUnicode9Alone) {
  EXPECT_EQ(normalize(Kind::kNfc, "\u09FE\u032D"), "\u09FE\u032D");  // U+09FE: Unicode 11
  EXPECT_EQ(normalize(Kind::kNfkc, "\U0001FBF3"), "\U0001FBF3");     // U+1FBF3: Unicode 13
  EXPECT_EQ(normalize(Kind::kNfc, "\u0302\u032D"), "\u032D\u0302");
}

TEST(Normalizer, LowersCharacterByCharacter) {
  EXPECT_EQ(normalize(Kind::kLowercase, "ABC \u0394\u03A3"), "abc \u03B4\u03C3");
  EXPECT_EQ(normalize(Kind::kLowercase, "\u0130"), "i\u0307");
}

TEST(Normalizer, StripsWhiteSpace) {
  EXPECT_EQ(normalize(Kind::kStripLeft, " \u3000a "), "a ");
  EXPECT_EQ(normalize(Kind::kStripRight, " a\t\n"), " a");
  EXPECT_EQ(normalize(Kind::kStripLeft, "  "), "");
}

TEST(Normalizer, ReplacesMatchesOfAPattern) {
  const Normalizer normalizer({{Kind::kReplaceMatches, " {2,}", "_"}});
  EXPECT_EQ(normalizer.normalize("a   b c  "), "a_b c_");
}

TEST(Normalizer, SaysWhetherItMayDropTheBeginning) {
  const auto may_drop = [](const NormalizerStep& step) {
    return Normalizer({step}).may_drop_beginning();
  };
  EXPECT_TRUE(may_drop({Kind::kStripLeft, "", ""}));
  EXPECT_TRUE(may_drop({Kind::kReplace, "a", ""}));
  EXPECT_FALSE(may_drop({Kind::kReplace, "a", "b"}));
  EXPECT_FALSE(may_drop({Kind::kStripRight, "", ""}));
}

TEST(Normalizer, AppliesItsStepsInOrder) {
  const Normalizer normalizer({{Kind::kPrepend, "", "_"}, {Kind::kReplace, "_a", "aa"}});
  EXPECT_EQ(normalizer.normalize("a_a"), "aaaa");
  EXPECT_EQ(normalizer.normalize(""), "");
  EXPECT_FALSE(normalizer.changes_nothing());
  EXPECT_TRUE(Normalizer({}).changes_nothing());
}

TEST(Normalizer, ReplacesFromLeftToRightOnce) {
  EXPECT_EQ(replace_all("aaa", "aa", "b"), "ba");
  EXPECT_EQ(replace_all("a.b.", ".", ".."), "a..b..");
  EXPECT_EQ(replace_all("", "a", "b"), "");
}

}  // namespace
}  // namespace circuit
