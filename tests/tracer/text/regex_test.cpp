#include "tracer/text/regex.h"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit {
namespace {

// Matches in brackets.
std::string marked(const Regex& regex, std::string_view text) {
  std::vector<TextPart> parts;
  regex.split(text, parts);
  std::string result;
  for (const TextPart& part : parts) {
    const std::string piece(text.substr(part.begin, part.end - part.begin));
    result += part.is_match ? "[" + piece + "]" : piece;
  }
  return result;
}

TEST(Regex, FindsMatchesAndWhatLiesBetween) {
  EXPECT_EQ(marked(Regex::from_pattern(R"(\d+)"), "a12b3"), "a[12]b[3]");
  EXPECT_EQ(marked(Regex::from_pattern(R"(\d+)"), "a"), "a");
  EXPECT_EQ(marked(Regex::from_pattern(R"(\d+)"), ""), "");
}

TEST(Regex, TakesLiteralsLiterally) {
  EXPECT_EQ(marked(Regex::from_literal(".+"), "a.+b"), "a[.+]b");
}

TEST(Regex, AcceptsNoEmptyMatchBehindAMatch) {
  EXPECT_EQ(marked(Regex::from_pattern(R"(\d*)"), "a12b"), "[]a[12]b[]");
}

TEST(Regex, KnowsUnicodeSpaces) {
  const Regex space = Regex::from_pattern(R"(\s)");
  EXPECT_EQ(marked(space, "a\u0085\u00A0\u3000\u2028"), "a[\u0085][\u00A0][\u3000][\u2028]");
  EXPECT_EQ(marked(space, "\u180E\u200B"), "\u180E\u200B");
  EXPECT_EQ(marked(Regex::from_pattern(R"(\S+)"), "\u180E a"), "[\u180E] [a]");
}

TEST(Regex, KnowsWordsLikeOniguruma) {
  EXPECT_EQ(marked(Regex::from_pattern(R"(\w+)"), "e\u0301_\u00B2 \u09F4"),
            "[e\u0301_\u00B2] \u09F4");
  EXPECT_EQ(marked(Regex::from_pattern(R"([\w]+)"), "a\u00B2"), "[a]\u00B2");
}

TEST(Regex, FoldsCaseBeyondAscii) {
  EXPECT_EQ(marked(Regex::from_pattern("(?i:'s)"), "'s'S'\u017F'k"), "['s]['S]['\u017F]'k");
}

TEST(Regex, KnowsCharactersOfUnicode16) {
  const Regex letters = Regex::from_pattern(R"(\p{L}+)");
  EXPECT_EQ(marked(letters, "a\u1C89\U000323AF!"), "[a\u1C89\U000323AF]!");
  EXPECT_EQ(marked(Regex::from_pattern(R"(\p{N})"), "\U00011F50"), "[\U00011F50]");
}

TEST(Regex, LooksBehindItsText) {
  EXPECT_EQ(marked(Regex::from_pattern(R"(\s+(?!\S)|\s+)"), "a   b  "), "a[  ][ ]b[  ]");
}

TEST(Regex, SurvivesDeepRecursion) {
  const std::string text(200'000, 'a');
  EXPECT_EQ(marked(Regex::from_pattern("(?:a|b)*c|a+"), text), "[" + text + "]");
}

TEST(Regex, RefusesWhatDoesNotCompile) {
  EXPECT_EQ(testing::message_of<std::invalid_argument>([] { (void)Regex::from_pattern(""); }),
            "[compile_pattern] the pattern is empty");
  EXPECT_EQ(testing::message_of<std::invalid_argument>([] { (void)Regex::from_literal(""); }),
            "[compile_pattern] the pattern is empty");
  EXPECT_EQ(testing::message_of<std::invalid_argument>([] { (void)Regex::from_pattern("(a"); }),
            "[compile_pattern] not supported: missing closing parenthesis at byte 2 of (a");
}

}  // namespace
}  // namespace circuit
