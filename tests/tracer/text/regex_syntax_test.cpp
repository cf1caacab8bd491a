#include "tracer/text/regex_syntax.h"

#include <stdexcept>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit {
namespace {

TEST(RegexSyntax, KeepsWhatMeansTheSame) {
  for (const std::string_view pattern :
       {R"((?i:'s|'t)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3})",
        R"((?i)a(?=b)(?!c)(?<=d)(?<!e)(?:f)(?>g))",
        R"(a{2}|a{2,}|a{2,3}?|a++|a?+|[-\]\\.]|\.|\A.\z)", "[一-龥]+"}) {
    EXPECT_EQ(translate_pattern(pattern), pattern);
  }
}

TEST(RegexSyntax, RewritesWhatMeansSomethingElse) {
  EXPECT_EQ(translate_pattern(R"(\v\x41\x{3042}\u00e9)"), R"(\x{B}\x{41}\x{3042}\x{00e9})");
  EXPECT_EQ(translate_pattern(R"(\p{Han}\P{Latin}\p{^L})"), R"(\p{sc:Han}\P{sc:Latin}\p{^L})");
  EXPECT_EQ(translate_pattern("\\\u00E9"), "\u00E9");
  EXPECT_EQ(translate_pattern(R"([\S])"), R"([\P{White_Space}])");
}

TEST(RegexSyntax, RefusesWhatItDoesNotKnow) {
  for (const auto& [pattern, what] : std::initializer_list<std::pair<std::string, std::string>>{
           {R"(\b)", R"(\b)"},
           {R"([\b])", R"(\b)"},
           {R"(\h)", R"(\h)"},
           {R"((a)\1)", R"(\1)"},
           {R"([\W])", R"(\W)"},
           {R"(\)", "a backslash at the end"},
           {"[a[b]]", "a character class inside another"},
           {"[a&&b]", "an intersection of character classes"},
           {"[]a]", "a character class that begins with ]"},
           {"[a", "a character class without end"},
           {"(?<name>a)", "the group (?<n"},
           {"a(?i)b", "the group (?i)"},
           {"(?m:a)", "the group (?m:"},
           {"(*FAIL)", "(*"},
           {"a{,2}", "the brace {,2}"},
           {"{", "the brace {"},
           {"a{2}+", "the suffix + of a repetition in braces"},
           {"a{2}?", "the suffix ? of a repetition in braces"},
           {R"(\pL)", "a property without braces"},
           {R"(\p{L)", "a property without braces"},
           {R"(\p{L&})", "the property L&"},
           {R"(\P{^L})", "a property negated twice"},
           {R"(\x{})", R"(\x{)"},
           {R"(\x4)", R"(\x4)"},
           {R"(\xE9)", R"(\xE9)"},
           {R"(\u12)", R"(\u12)"}}) {
    EXPECT_EQ(testing::message_of<std::invalid_argument>([&] { (void)translate_pattern(pattern); }),
              "[translate_pattern] not supported: " + what + " in the pattern " + pattern);
  }
}

}  // namespace
}  // namespace circuit
