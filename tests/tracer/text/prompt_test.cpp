#include "tracer/text/prompt.h"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/throws.h"
#include "tests/tracer/text/small_tokenizer.h"

namespace circuit {
namespace {

using testing::added_token;
using testing::message_of;
using testing::SmallTokenizer;
using Ids = std::vector<std::int32_t>;

const std::string kSpecials = "[" + added_token(256, "<a>", true) + ", " +
                              added_token(257, "<b>", true) + ", " + added_token(258, "<c>", true) +
                              ", " + added_token(259, "<d>", false) + "]";

Tokenizer tokenizer_with(std::string_view config) {
  return SmallTokenizer{.added_tokens = kSpecials}.load(config);
}

TEST(Prompt, PrependsTheFirstDefinedOfBosPadEosAndOthers) {
  const auto first = [](std::string_view config) {
    return encode_prompt(tokenizer_with(config), "x").front();
  };
  EXPECT_EQ(first(R"({"bos_token": "<c>", "pad_token": "<b>", "eos_token": "<a>"})"), 258);
  EXPECT_EQ(first(R"({"bos_token": null, "pad_token": "<b>", "eos_token": "<c>"})"), 257);
  EXPECT_EQ(first(R"({"eos_token": {"content": "<c>"}})"), 258);
  EXPECT_EQ(first("{}"), 256);
  EXPECT_EQ(first(R"({"bos_token": "<not in the vocabulary>"})"), 256);
}

TEST(Prompt, CountsIdZeroAsDefined) {
  const Tokenizer tokenizer = SmallTokenizer{}.load(R"({"bos_token": "\u0100"})");
  EXPECT_EQ(encode_prompt(tokenizer, "x"), (Ids{0, 'x'}));
}

TEST(Prompt, KeepsASpecialTokenThatIsAlreadyFirst) {
  const Tokenizer tokenizer = tokenizer_with(R"({"bos_token": "<c>"})");
  EXPECT_EQ(encode_prompt(tokenizer, "<b>x<a>"), (Ids{257, 'x', 256}));
  EXPECT_EQ(encode_prompt(tokenizer, "<d>x"), (Ids{258, 259, 'x'}));
}

TEST(Prompt, LeavesOutTheTokensOfThePostProcessor) {
  const Tokenizer tokenizer =
      SmallTokenizer{.post_processor = R"({"type": "TemplateProcessing", "single": [
          {"SpecialToken": {"id": "x"}}, {"Sequence": {"id": "A"}},
          {"SpecialToken": {"id": "x"}}], "special_tokens": {"x": {"ids": [256]}}})",
                     .added_tokens = kSpecials}
          .load();
  EXPECT_EQ(encode_prompt(tokenizer, "x"), (Ids{256, 'x'}));
}

TEST(Prompt, FollowsTheChoiceOfTheFirstToken) {
  const Tokenizer tokenizer = tokenizer_with(R"({"bos_token": "<c>"})");
  EXPECT_EQ(encode_prompt(tokenizer, "x", parse_bos("none")), (Ids{'x'}));
  EXPECT_EQ(encode_prompt(tokenizer, "x", parse_bos("257")), (Ids{257, 'x'}));
  EXPECT_EQ(encode_prompt(tokenizer, "<a>x", parse_bos("257")), (Ids{257, 256, 'x'}));
  EXPECT_EQ(encode_prompt(tokenizer, "<b>x", parse_bos("257")), (Ids{257, 'x'}));
  EXPECT_EQ(message_of<std::invalid_argument>(
                [&] { (void)encode_prompt(tokenizer, "x", parse_bos("260")); }),
            "[encode_prompt] bos id 260, expected 0 to 259");
}

TEST(Prompt, RefusesBadChoicesOfTheFirstToken) {
  for (const std::string value : {"", "x", "1x", "-1", "99999999999"}) {
    EXPECT_EQ(message_of<std::invalid_argument>([&] { (void)parse_bos(value); }),
              "[parse_bos] \"" + value + "\", expected a token id or none");
  }
}

TEST(Prompt, FailsWhereThereIsNoTokenToPrepend) {
  const Tokenizer tokenizer = SmallTokenizer{}.load();
  EXPECT_EQ(message_of<std::invalid_argument>([&] { (void)encode_prompt(tokenizer, "x"); }),
            "[encode_prompt] the prompt does not begin with a special token and the tokenizer "
            "has none to prepend: give --bos ID or --bos none");
  EXPECT_EQ(encode_prompt(tokenizer, "x", parse_bos("none")), (Ids{'x'}));
}

TEST(Prompt, RefusesPromptsWithoutText) {
  const Tokenizer tokenizer = tokenizer_with("{}");
  EXPECT_EQ(message_of<std::invalid_argument>([&] { (void)encode_prompt(tokenizer, ""); }),
            "[encode_prompt] the prompt is empty");
  EXPECT_EQ(message_of<std::invalid_argument>([&] { (void)encode_prompt(tokenizer, "a\xC3"); }),
            "[encode_prompt] the prompt is not valid UTF-8 at byte 1");
  const Tokenizer without_characters = SmallTokenizer{.pre_tokenizer = "null"}.load();
  EXPECT_EQ(
      message_of<std::invalid_argument>([&] { (void)encode_prompt(without_characters, "\u4E00"); }),
      "[encode_prompt] the prompt encodes to no token");
}

}  // namespace
}  // namespace circuit
