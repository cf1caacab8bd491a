// Every case of tests/golden/tokenizers: ids that Hugging Face's `tokenizers` gave.
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <simdjson.h>

#include "tests/support/golden_tokenizer.h"
#include "tracer/text/tokenizer.h"

namespace circuit {
namespace {

const std::filesystem::path kGolden = std::filesystem::path(CIRCUIT_GOLDEN_DIR) / "tokenizers";

Tokenizer load_golden(const std::string& name) {
  return testing::load_golden_tokenizer(kGolden, name);
}

struct Case {
  std::string text;
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> ids_no_special;
  std::string decoded;
};

std::vector<std::int32_t> read_ids(const simdjson::dom::element& value) {
  std::vector<std::int32_t> ids;
  for (const auto id : value.get_array()) {
    ids.push_back(static_cast<std::int32_t>(id.get_int64().value()));
  }
  return ids;
}

std::vector<Case> read_cases(const std::string& name) {
  simdjson::dom::parser parser;
  std::vector<Case> cases;
  for (const auto item : parser.load((kGolden / (name + ".cases.json")).string()).get_array()) {
    cases.push_back({std::string(item["text"].get_string().value()), read_ids(item["ids"].value()),
                     read_ids(item["ids_no_special"].value()),
                     std::string(item["decoded"].get_string().value())});
  }
  return cases;
}

void expect_every_case(const std::string& name) {
  const Tokenizer tokenizer = load_golden(name);
  const std::vector<Case> cases = read_cases(name);
  ASSERT_GE(cases.size(), 20U);
  for (const Case& golden : cases) {
    SCOPED_TRACE(golden.text);
    EXPECT_EQ(tokenizer.encode(golden.text), golden.ids);
    EXPECT_EQ(tokenizer.encode(golden.text, {.add_special_tokens = false}), golden.ids_no_special);
  }
}

void expect_every_decoding(const std::string& name) {
  const Tokenizer tokenizer = load_golden(name);
  for (const Case& golden : read_cases(name)) {
    SCOPED_TRACE(golden.text);
    EXPECT_EQ(tokenizer.decode(golden.ids_no_special), golden.decoded);
  }
}

TEST(Tokenizer, GivesHuggingFaceIdsOnEveryGpt2Case) { expect_every_case("gpt2"); }
TEST(Tokenizer, GivesHuggingFaceIdsOnEveryLlama3Case) { expect_every_case("llama3"); }
TEST(Tokenizer, GivesHuggingFaceIdsOnEveryQwen3Case) { expect_every_case("qwen3"); }
TEST(Tokenizer, GivesHuggingFaceIdsOnEverySmolLm2Case) { expect_every_case("smollm2"); }
TEST(Tokenizer, GivesHuggingFaceIdsOnEveryGemma2Case) { expect_every_case("gemma2"); }

TEST(Tokenizer, DecodesEveryGpt2CaseLikeHuggingFace) { expect_every_decoding("gpt2"); }
TEST(Tokenizer, DecodesEveryLlama3CaseLikeHuggingFace) { expect_every_decoding("llama3"); }
TEST(Tokenizer, DecodesEveryQwen3CaseLikeHuggingFace) { expect_every_decoding("qwen3"); }
TEST(Tokenizer, DecodesEverySmolLm2CaseLikeHuggingFace) { expect_every_decoding("smollm2"); }
TEST(Tokenizer, DecodesEveryGemma2CaseLikeHuggingFace) { expect_every_decoding("gemma2"); }

// Ids of the next tests: Hugging Face's `tokenizers` 0.23.

TEST(Tokenizer, TreatsTheLongSLikeAnSInLlama3Contractions) {
  const Tokenizer tokenizer = load_golden("llama3");
  EXPECT_EQ(tokenizer.encode("it'\u017F", {.add_special_tokens = false}),
            (std::vector<std::int32_t>{275, 6, 129, 123}));
}

TEST(Tokenizer, DoesNotTakeTheMongolianVowelSeparatorForASpace) {
  const Tokenizer tokenizer = load_golden("gpt2");
  EXPECT_EQ(tokenizer.encode("a \u180E b"), (std::vector<std::int32_t>{64, 28053, 254, 236, 275}));
}

TEST(Tokenizer, GivesOneUnknownTokenForBytesThatSmolLm2Lacks) {
  const Tokenizer tokenizer = load_golden("smollm2");
  EXPECT_EQ(tokenizer.encode("a\x04\x04z", {.add_special_tokens = false}),
            (std::vector<std::int32_t>{81, 0, 106}));
  EXPECT_EQ(tokenizer.find_single("\x04"), std::nullopt);
  EXPECT_EQ(tokenizer.find_single("<|endoftext|>"), 0);
}

TEST(Tokenizer, KnowsTheSpecialTokensOfLlama3) {
  const Tokenizer tokenizer = load_golden("llama3");
  EXPECT_EQ(tokenizer.vocabulary_size(), 128256);
  EXPECT_TRUE(tokenizer.is_special(128000));
  EXPECT_FALSE(tokenizer.is_special(127999));
  EXPECT_EQ(tokenizer.special_tokens().bos, std::nullopt);
  EXPECT_EQ(tokenizer.special_tokens().others.size(), 256U);
  EXPECT_EQ(tokenizer.special_tokens().others.front(), 128000);
}

TEST(Tokenizer, DoesNotCallQwen3ToolTokensSpecial) {
  const Tokenizer tokenizer = load_golden("qwen3");
  const auto id = tokenizer.find_single("<tool_call>");
  ASSERT_TRUE(id.has_value());
  EXPECT_FALSE(tokenizer.is_special(*id));
}

TEST(Tokenizer, EncodesAMegabyteLikeItsParagraphs) {
  const Tokenizer tokenizer = load_golden("gpt2");
  std::string text;
  std::vector<std::int32_t> expected;
  const std::string paragraph = "The capital of Texas is Austin, isn't it?\n";
  const std::vector<std::int32_t> ids = tokenizer.encode(paragraph);
  while (text.size() < 1'000'000) {
    text += paragraph;
    expected.insert(expected.end(), ids.begin(), ids.end());
  }
  EXPECT_EQ(tokenizer.encode(text), expected);
  EXPECT_EQ(tokenizer.decode(expected), text);
}

// A merge that looks at the whole text each time would take hours.
TEST(Tokenizer, EncodesAMegabyteWithoutAnyBreak) {
  for (const char* name : {"gpt2", "gemma2", "tiny-llama", "tiny-unigram"}) {
    const Tokenizer tokenizer = load_golden(name);
    for (const char character : {'a', ' '}) {
      const std::string text = "a" + std::string(1'000'000, character);
      const auto ids = tokenizer.encode(text, {.add_special_tokens = false});
      EXPECT_TRUE(tokenizer.decode(ids) == text) << name << " '" << character << "'";
    }
  }
}

}  // namespace
}  // namespace circuit
