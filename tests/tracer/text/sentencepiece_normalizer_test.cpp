#include "tracer/text/sentencepiece_normalizer.h"

#include <gtest/gtest.h>

namespace circuit {
namespace {

std::string normalize(const SentencePieceRules& rules, std::string_view text) {
  return SentencePieceNormalizer(rules).normalize(text);
}

// Tables are compared with SentencePiece's own in tokenizer_random_test.cpp.
TEST(SentencePieceNormalizer, WritesSpacesAsTheirSign) {
  const SentencePieceRules rules{.add_dummy_prefix = false, .remove_extra_whitespaces = false};
  EXPECT_EQ(normalize(rules, " a  b "), "\u2581a\u2581\u2581b\u2581");
  EXPECT_EQ(normalize(rules, ""), "");
}

TEST(SentencePieceNormalizer, PutsASpaceInFront) {
  const SentencePieceRules rules{.remove_extra_whitespaces = false};
  EXPECT_EQ(normalize(rules, "a"), "\u2581a");
  EXPECT_EQ(normalize(rules, " a"), "\u2581\u2581a");
  EXPECT_EQ(normalize(rules, ""), "");
}

TEST(SentencePieceNormalizer, RemovesExtraSpaces) {
  EXPECT_EQ(normalize({}, "  a   b  "), "\u2581a\u2581b");
  EXPECT_EQ(normalize({}, "   "), "");
  EXPECT_EQ(normalize({.kept = {"  "}}, "a  b c"), "\u2581a\u2581\u2581b\u2581c");
}

}  // namespace
}  // namespace circuit
