#include "export/text/output_text.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace circuit {
namespace {

using Lines = std::vector<std::string>;

TEST(OutputText, KeepsValidCharactersAndSpellsOutOtherBytes) {
  EXPECT_EQ(valid_utf8("é漢🙂"), "é漢🙂");
  EXPECT_EQ(valid_utf8("a\xE2\x82z"), "a\\xE2\\x82z");                // cut short
  EXPECT_EQ(valid_utf8("\xC0\xAF"), "\\xC0\\xAF");                    // overlong
  EXPECT_EQ(valid_utf8("\xED\xA0\x80"), "\\xED\\xA0\\x80");           // a surrogate
  EXPECT_EQ(valid_utf8("\xF4\x90\x80\x80"), "\\xF4\\x90\\x80\\x80");  // beyond Unicode
  EXPECT_TRUE(is_valid_utf8("é漢🙂"));
  EXPECT_FALSE(is_valid_utf8("\x80"));
}

TEST(OutputText, FitsOnOneLine) {
  EXPECT_EQ(one_line("a\nb\tc\r"), "a⏎b→c↵");
  EXPECT_EQ(one_line(std::string("\0\x1b\x7f", 3)), "\\x00\\x1B\\x7F");
  EXPECT_EQ(one_line("\xEF\xBF\xBE"), "\\xEF\\xBF\\xBE");
  EXPECT_EQ(one_line(" back\\slash "), " back\\slash ");
}

TEST(OutputText, EscapesMarkup) {
  EXPECT_EQ(escape_xml("<a href=\"x\">'&'</a>]]>"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;]]&gt;");
}

TEST(OutputText, ShortensByCharacters) {
  EXPECT_EQ(shorten("éééé", 4), "éééé");
  EXPECT_EQ(shorten("ééééé", 4), "ééé…");
  EXPECT_EQ(shorten("ab", 1), "…");
}

TEST(OutputText, WrapsAtSpaces) {
  EXPECT_EQ(wrap_text("one two three", 40, 8, 3), (Lines{"one two", "three"}));
  EXPECT_EQ(wrap_text("short", 100, 8, 3), (Lines{"short"}));
  EXPECT_EQ(wrap_text("", 100, 8, 3), Lines());
  EXPECT_EQ(wrap_text(" lead", 100, 8, 3), (Lines{" lead"}));
}

TEST(OutputText, WrapsLongWordsAnywhereAndMarksWhatIsLeftOut) {
  const Lines lines = wrap_text("Donaudampfschifffahrtsgesellschaft and more", 50, 8, 2);
  ASSERT_EQ(lines.size(), 2u);
  for (const std::string& line : lines) EXPECT_LE(text_width(line, 8), 50) << line;
  EXPECT_TRUE(lines[1].ends_with("…")) << lines[1];
}

TEST(OutputText, WrapsNarrowerThanACharacter) {
  EXPECT_EQ(wrap_text("ab", 1, 8, 9), (Lines{"a", "b"}));
}

TEST(OutputText, MeasuresBoldWider) {
  EXPECT_GT(text_width("grand", 8, FontWeight::kBold), text_width("grand", 8));
  EXPECT_DOUBLE_EQ(text_width("漢", 10), 10);
}

TEST(OutputText, WritesNumbersThatReadBack) {
  EXPECT_EQ(number_text(0.1f), "0.1");
  EXPECT_EQ(number_text(0.1), "0.1");
  EXPECT_EQ(std::stod(number_text(1.0 / 3)), 1.0 / 3);
  EXPECT_EQ(fixed_text(0.93149, 3), "0.931");
  EXPECT_EQ(number_text(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(number_text(std::nanf("")), "null");
}

}  // namespace
}  // namespace circuit
