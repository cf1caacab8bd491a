#include "tracer/text/utf8.h"

#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit {
namespace {

TEST(Utf8, FindsTheFirstByteOutsideACharacter) {
  EXPECT_EQ(find_invalid_utf8("a\u00E9\u4E00\U0001F600"), std::nullopt);
  EXPECT_EQ(find_invalid_utf8(""), std::nullopt);
  EXPECT_EQ(find_invalid_utf8("ab\xE4\xB8"), 2U);
  EXPECT_EQ(find_invalid_utf8("\x80"), 0U);
  EXPECT_EQ(find_invalid_utf8("a\xC0\x80"), 1U);         // an overlong null
  EXPECT_EQ(find_invalid_utf8("\xED\xA0\x80"), 0U);      // a surrogate
  EXPECT_EQ(find_invalid_utf8("\xF4\x90\x80\x80"), 0U);  // above U+10FFFF
}

TEST(Utf8, NamesWhatIsInvalid) {
  EXPECT_NO_THROW(check_utf8("a", "operation", "it"));
  EXPECT_EQ(
      testing::message_of<std::invalid_argument>([] { check_utf8("a\xFF", "operation", "it"); }),
      "[operation] it is not valid UTF-8 at byte 1");
}

TEST(Utf8, EscapesEachByteOutsideACharacter) {
  EXPECT_EQ(escape_invalid_utf8(" a\\\n\u4E00"), " a\\\n\u4E00");
  EXPECT_EQ(escape_invalid_utf8("\xE4\xB8z\xFF"), "\\xE4\\xB8z\\xFF");
}

// Expected: Rust's String::from_utf8_lossy, which Hugging Face's decoder uses.
TEST(Utf8, ReplacesEachBrokenCharacterOnce) {
  EXPECT_EQ(replace_invalid_utf8("\xE4\xB8z"), "\uFFFDz");
  EXPECT_EQ(replace_invalid_utf8("\xF0\x9F\x98"), "\uFFFD");
  EXPECT_EQ(replace_invalid_utf8("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(replace_invalid_utf8("\xFF\xFF"), "\uFFFD\uFFFD");
}

TEST(Utf8, WritesWhatItReads) {
  for (const char32_t character : {U'\0', U'a', U'\u07FF', U'\u0800', U'\U0010FFFF'}) {
    std::string text;
    append_character(text, character);
    std::size_t position = 0;
    EXPECT_EQ(next_character(text, position), character);
    EXPECT_EQ(position, text.size());
  }
}

}  // namespace
}  // namespace circuit
