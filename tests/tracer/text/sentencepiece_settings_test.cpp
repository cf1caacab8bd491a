#include "tracer/text/sentencepiece_settings.h"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

SentencePieceSettings read(std::string_view json) {
  const testing::TempDir folder;
  testing::write_text(folder / "tokenizer_config.json", json);
  return read_sentencepiece_settings(folder.path());
}

std::string complaint(std::string_view json) {
  std::string message = testing::message_of<std::runtime_error>([&] { (void)read(json); });
  return message.substr(message.find("tokenizer_config.json"));
}

TEST(SentencePieceSettings, HaveDefaultsWithoutAFile) {
  const testing::TempDir folder;
  const SentencePieceSettings settings = read_sentencepiece_settings(folder.path());
  EXPECT_EQ(settings.tokenizer_class, "");
  EXPECT_EQ(settings.add_bos_token, std::nullopt);
  EXPECT_TRUE(settings.legacy);
  EXPECT_TRUE(settings.added_tokens.empty());
}

TEST(SentencePieceSettings, AreRead) {
  const SentencePieceSettings settings =
      read(R"({"model_max_length": 1000000000000000019884624838656,
      "tokenizer_class": "LlamaTokenizer", "add_bos_token": false, "add_eos_token": true,
      "legacy": false, "add_prefix_space": false, "sp_model_kwargs": {}, "added_tokens_decoder": {
      "3": {"content": "<x>", "lstrip": true, "rstrip": false, "normalized": false,
            "single_word": false, "special": true}}})");
  EXPECT_EQ(settings.tokenizer_class, "LlamaTokenizer");
  EXPECT_EQ(settings.add_bos_token, false);
  EXPECT_EQ(settings.add_eos_token, true);
  EXPECT_FALSE(settings.legacy);
  EXPECT_FALSE(settings.add_prefix_space);
  ASSERT_EQ(settings.added_tokens.size(), 1U);
  EXPECT_EQ(settings.added_tokens[0].id, 3);
  EXPECT_EQ(settings.added_tokens[0].content, "<x>");
  EXPECT_TRUE(settings.added_tokens[0].lstrip);
  EXPECT_TRUE(settings.added_tokens[0].is_special);
}

TEST(SentencePieceSettings, TakeNullForNotThere) {
  EXPECT_TRUE(read(R"({"legacy": null, "added_tokens_decoder": null})").legacy);
}

TEST(SentencePieceSettings, RefuseWhatIsDamaged) {
  EXPECT_TRUE(complaint("[1]").starts_with("tokenizer_config.json: the file is damaged: "));
  EXPECT_TRUE(
      complaint(R"({"legacy": 1})").starts_with("tokenizer_config.json: legacy is damaged: "));
  EXPECT_EQ(complaint(R"({"added_tokens_decoder": {"x": {"content": "a"}}})"),
            "tokenizer_config.json: added_tokens_decoder.x is no id");
  EXPECT_EQ(complaint(R"({"added_tokens_decoder": {"7": {}}})"),
            "tokenizer_config.json: added_tokens_decoder.7 has no content");
}

}  // namespace
}  // namespace circuit
