#include "tracer/text/target_text.h"

#include <optional>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/throws.h"
#include "tests/tracer/text/small_tokenizer.h"

namespace circuit {
namespace {

using testing::added_token;
using testing::message_of;
using testing::SmallTokenizer;

// 257 " up", 260 " dow", 261 "x-", 262 "x-y", 263 "--", and 264, which is special.
Tokenizer load_targets() {
  return SmallTokenizer{.words = {" up", " dow", "x-y", "--"},
                        .pre_tokenizer = R"({"type": "ByteLevel", "add_prefix_space": false,
                                             "use_regex": false})",
                        .added_tokens = "[" + added_token(264, "<eos>", true) + "]"}
      .load();
}

std::string complaint(std::string_view value) {
  const Tokenizer tokenizer = load_targets();
  return message_of<std::invalid_argument>([&] { (void)parse_target(tokenizer, value); });
}

TEST(Target, IsATokenByIdOrByText) {
  const Tokenizer tokenizer = load_targets();
  EXPECT_EQ(parse_target(tokenizer, "#5"), (TargetTokens{5, std::nullopt}));
  EXPECT_EQ(parse_target(tokenizer, " up"), (TargetTokens{257, std::nullopt}));
  EXPECT_EQ(parse_target(tokenizer, "<eos>"), (TargetTokens{264, std::nullopt}));
  EXPECT_EQ(parse_target(tokenizer, "#"), (TargetTokens{'#', std::nullopt}));
}

TEST(Target, IsADifferenceOfTwo) {
  const Tokenizer tokenizer = load_targets();
  EXPECT_EQ(parse_target(tokenizer, " up- dow"), (TargetTokens{257, 260}));
  EXPECT_EQ(parse_target(tokenizer, "#7-#9"), (TargetTokens{7, 9}));
  EXPECT_EQ(parse_target(tokenizer, "#7- up"), (TargetTokens{7, 257}));
  EXPECT_EQ(parse_target(tokenizer, "a-#7"), (TargetTokens{'a', 7}));
}

TEST(Target, IsTheWholeTextWhereThatIsOneToken) {
  const Tokenizer tokenizer = load_targets();
  EXPECT_EQ(parse_target(tokenizer, "x-y"), (TargetTokens{262, std::nullopt}));
  EXPECT_EQ(parse_target(tokenizer, "-"), (TargetTokens{'-', std::nullopt}));
  EXPECT_EQ(parse_target(tokenizer, "--"), (TargetTokens{263, std::nullopt}));
  EXPECT_EQ(parse_target(tokenizer, "---a"), (TargetTokens{263, 'a'}));
}

TEST(Target, KeepsTheSpaceOfATokenUnderAPrefixSpace) {
  const Tokenizer tokenizer =
      SmallTokenizer{.words = {" grand", " small"},
                     .pre_tokenizer = R"({"type": "ByteLevel", "add_prefix_space": true})"}
          .load();
  const auto grand = parse_target(tokenizer, " grand");
  EXPECT_EQ(tokenizer.token_text(grand.a), " grand");
  EXPECT_EQ(parse_target(tokenizer, "grand"), grand);
  EXPECT_EQ(parse_target(tokenizer, " grand- small"), parse_target(tokenizer, "grand-small"));
}

TEST(Target, NamesWhatTheTextEncodesTo) {
  EXPECT_EQ(complaint(" upa"),
            "[parse_target] \" upa\" is neither one token nor two joined by -: it encodes to "
            "\" up\" (#257), \"a\" (#97)");
  EXPECT_EQ(complaint("\u00E9"),
            "[parse_target] \"\u00E9\" is neither one token nor two joined by -: it encodes to "
            "\"\\xC3\" (#195), \"\\xA9\" (#169)");
  EXPECT_EQ(complaint("a-"),
            "[parse_target] \"a-\" is neither one token nor two joined by -: it encodes to "
            "\"a\" (#97), \"-\" (#45)");
}

TEST(Target, NamesTheWaysToSplitATextWithSeveral) {
  // "x--y" is "x" minus "-y" (two tokens), "x-" minus "y".
  EXPECT_EQ(parse_target(load_targets(), "x--y"), (TargetTokens{261, 'y'}));
  EXPECT_EQ(complaint("x---"),
            "[parse_target] \"x---\" can mean \"x\" (#120) - \"--\" (#263) or \"x-\" (#261) - "
            "\"-\" (#45): give the ids as #ID-#ID");
}

TEST(Target, RefusesNonsense) {
  EXPECT_EQ(complaint(""), "[parse_target] the target is empty");
  EXPECT_EQ(complaint("#265"), "[parse_target] #265, expected #0 to #264");
  EXPECT_EQ(complaint("#99999999999"), "[parse_target] #99999999999, expected #0 to #264");
  EXPECT_EQ(complaint("a-#265"), "[parse_target] #265, expected #0 to #264");
  EXPECT_EQ(complaint("a-a"), "[parse_target] both sides of \"a-a\" are \"a\" (#97)");
  EXPECT_EQ(complaint("a\xFF"), "[parse_target] the target is not valid UTF-8 at byte 1");
}

}  // namespace
}  // namespace circuit
