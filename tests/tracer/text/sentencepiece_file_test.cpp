#include "tracer/text/sentencepiece_file.h"

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/golden_tokenizer.h"
#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::message_of;
using Ids = std::vector<std::int32_t>;

const std::filesystem::path kGolden = std::filesystem::path(CIRCUIT_GOLDEN_DIR) / "tokenizers";

std::string complaint(std::string_view config) {
  const testing::TempDir folder;
  std::filesystem::copy(kGolden / "tiny-llama.model", folder / "tokenizer.model");
  testing::write_text(folder / "tokenizer_config.json", config);
  std::string message =
      message_of<std::runtime_error>([&] { (void)Tokenizer::load(folder.path()); });
  const std::string file = (folder / "tokenizer.model").string();
  if (const auto place = message.find(file); place != std::string::npos) {
    message.replace(place, file.size(), "F");
  }
  return message;
}

// Ids are compared with SentencePiece's own in tokenizer_random_test.cpp.
TEST(SentencePieceFile, DecodesWhatItEncoded) {
  for (const char* name : {"tiny-llama", "tiny-gemma", "tiny-unigram"}) {
    const Tokenizer tokenizer = testing::load_golden_model(kGolden, name, "model");
    for (const std::string text :
         {"the capital of Texas", "  two  spaces ", "\u6F22\u5B57\n\U0001F642"}) {
      EXPECT_EQ(tokenizer.decode(tokenizer.encode(text, {.add_special_tokens = false})), text);
    }
  }
}

TEST(SentencePieceFile, KnowsItsSpecialTokens) {
  const Tokenizer llama = testing::load_golden_model(kGolden, "tiny-llama", "model");
  EXPECT_EQ(llama.special_tokens().bos, 1);
  EXPECT_EQ(llama.special_tokens().eos, 2);
  EXPECT_EQ(llama.encode(""), (Ids{1}));
  EXPECT_EQ(llama.token_text(1), "<s>");
  EXPECT_TRUE(llama.is_special(2));
  const Tokenizer t5 = testing::load_golden_model(kGolden, "tiny-t5", "t5");
  EXPECT_EQ(t5.encode(""), (Ids{1}));  // eos
}

TEST(SentencePieceFile, FindsAWordWithItsSpace) {
  const Tokenizer tokenizer = testing::load_golden_model(kGolden, "tiny-llama", "model");
  const auto id = tokenizer.find_single("capital");
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(tokenizer.token_text(*id), " capital");
  EXPECT_EQ(tokenizer.find_single(" capital"), id);
}

TEST(SentencePieceFile, GivesWayToATokenizerJson) {
  const testing::TempDir folder;
  std::filesystem::copy(kGolden / "tiny-llama.model", folder / "tokenizer.model");
  testing::write_text(folder / "tokenizer.json", "{");
  const std::string message =
      message_of<std::runtime_error>([&] { (void)Tokenizer::load(folder.path()); });
  EXPECT_NE(message.find("tokenizer.json: is not valid JSON"), std::string::npos) << message;
}

TEST(SentencePieceFile, RefusesSettingsThatItDoesNotKnow) {
  EXPECT_EQ(complaint(R"({"tokenizer_class": "XLNetTokenizer"})"),
            "[load_tokenizer] F: tokenizer_config.json: not supported with a tokenizer.model: "
            "tokenizer_class is \"XLNetTokenizer\" (supported: LlamaTokenizer, GemmaTokenizer, "
            "T5Tokenizer)");
  EXPECT_EQ(complaint(R"({"added_tokens_decoder": {"1": {"content": "<bos>"}}})"),
            "[load_tokenizer] F: tokenizer_config.json calls token 1 \"<bos>\", the model \"<s>\"");
}

TEST(SentencePieceFile, RefusesAddedTokensThatOnlyAnOldFileNames) {
  const testing::TempDir folder;
  std::filesystem::copy(kGolden / "tiny-llama.model", folder / "tokenizer.model");
  testing::write_text(folder / "added_tokens.json", "{}");
  EXPECT_EQ(message_of<std::runtime_error>([&] { (void)Tokenizer::load(folder.path()); }),
            "[load_tokenizer] " + (folder / "added_tokens.json").string() +
                ": not supported: found without added_tokens_decoder in tokenizer_config.json, "
                "expected its tokens there");
}

TEST(SentencePieceFile, IsSeenAsATokenizer) {
  const testing::TempDir folder;
  EXPECT_FALSE(Tokenizer::is_at(folder.path()));
  testing::write_text(folder / "tokenizer.model", "");
  EXPECT_TRUE(Tokenizer::is_at(folder.path()));
  EXPECT_TRUE(Tokenizer::is_at(folder / "tokenizer.model"));
}

TEST(SentencePieceFile, RefusesADamagedModel) {
  const testing::TempDir folder;
  testing::write_text(folder / "tokenizer.model",
                      "\x0A\x05"
                      "a");
  EXPECT_EQ(message_of<std::runtime_error>([&] { (void)Tokenizer::load(folder.path()); }),
            "[load_tokenizer] " + (folder / "tokenizer.model").string() +
                ": [read_proto] a field of 5 bytes, 1 are left");
}

}  // namespace
}  // namespace circuit
