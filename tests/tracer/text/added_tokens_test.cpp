#include "tracer/text/added_tokens.h"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit {
namespace {

// Tokens in brackets, pieces separated by bars.
std::string split(const AddedTokens& tokens, std::string_view text, bool is_normalized = false) {
  std::string result;
  for (const TextPiece& piece : tokens.split(text, is_normalized)) {
    result += result.empty() ? "" : "|";
    result += piece.id < 0 ? std::string(piece.text) : "[" + std::string(piece.text) + "]";
  }
  return result;
}

AddedTokens one(AddedToken token) { return {{std::move(token)}, Normalizer({})}; }

TEST(AddedTokens, TakeTheLeftmostAndThenTheLongest) {
  const AddedTokens tokens(
      {{.id = 0, .content = "ab"}, {.id = 1, .content = "abc"}, {.id = 2, .content = "bcd"}},
      Normalizer({}));
  EXPECT_EQ(split(tokens, "xabcdab"), "x|[abc]|d|[ab]");
  EXPECT_EQ(split(tokens, "aab"), "a|[ab]");
  EXPECT_EQ(split(tokens, ""), "");
}

TEST(AddedTokens, TakeSpaceBesideThem) {
  EXPECT_EQ(split(one({.id = 0, .content = "<x>", .lstrip = true}), "a \u3000<x> b"),
            "a|[ \u3000<x>]| b");
  EXPECT_EQ(split(one({.id = 0, .content = "<x>", .rstrip = true}), " <x>\n \u00A0b"),
            " |[<x>\n \u00A0]|b");
  EXPECT_EQ(split(one({.id = 0, .content = "<x>", .lstrip = true, .rstrip = true}), "<x>  <x> "),
            "[<x>  ]|[<x> ]");
}

TEST(AddedTokens, MayStandAloneOnly) {
  const AddedTokens tokens = one({.id = 0, .content = "cat", .single_word = true});
  EXPECT_EQ(split(tokens, "cat cats (cat) \u00E9cat cat\u0301"),
            "[cat]| cats (|[cat]|) \u00E9cat cat\u0301");
}

TEST(AddedTokens, MayBeLookedForInNormalizedText) {
  const AddedTokens tokens(
      {{.id = 0, .content = "ABC", .is_normalized = true}, {.id = 1, .content = "DEF"}},
      Normalizer({{NormalizerStep::Kind::kLowercase, "", ""}}));
  EXPECT_EQ(split(tokens, "abcDEF"), "abc|[DEF]");
  EXPECT_EQ(split(tokens, "abcDEF", /*is_normalized=*/true), "[abc]|DEF");
}

TEST(AddedTokens, PreferSpecialOnesOfEqualNormalizedText) {
  const AddedTokens tokens({{.id = 0, .content = "AB", .is_normalized = true},
                            {.id = 1, .content = "ab", .is_normalized = true, .is_special = true}},
                           Normalizer({{NormalizerStep::Kind::kLowercase, "", ""}}));
  ASSERT_EQ(tokens.split("ab", /*is_normalized=*/true).size(), 1U);
  EXPECT_EQ(tokens.split("ab", /*is_normalized=*/true)[0].id, 1);
}

TEST(AddedTokens, AreFoundByIdAndByContent) {
  const AddedTokens tokens({{.id = 9, .content = "b"}, {.id = 4, .content = "a"}}, Normalizer({}));
  EXPECT_EQ(tokens.find(9)->content, "b");
  EXPECT_EQ(tokens.find("a")->id, 4);
  EXPECT_EQ(tokens.find(5), nullptr);
  EXPECT_EQ(tokens.find("c"), nullptr);
  EXPECT_EQ(tokens.tokens().front().id, 4);
}

TEST(AddedTokens, NeedText) {
  EXPECT_EQ(testing::message_of<std::invalid_argument>([] { (void)one({.id = 3}); }),
            "[add_token] added token 3 has no text");
}

}  // namespace
}  // namespace circuit
