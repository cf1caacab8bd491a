#include "tracer/text/special_tokens.h"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"
#include "tests/tracer/text/small_tokenizer.h"

namespace circuit {
namespace {

using testing::added_token;
using testing::message_of;
using testing::SmallTokenizer;
using testing::TempDir;
using testing::write_text;

TEST(SpecialTokens, AreUndefinedWithoutFiles) {
  const SpecialTokenNames names = read_special_token_names(TempDir().path());
  EXPECT_FALSE(names.bos || names.eos || names.pad);
}

TEST(SpecialTokens, ComeFromTheConfigFirst) {
  const TempDir folder;
  write_text(folder / "tokenizer_config.json",
             R"({"model_max_length": 1000000000000000019884624838656, "bos_token": null,
                 "eos_token": {"content": "<e>", "lstrip": false}, "chat_template": "{\"x\"}"})");
  write_text(folder / "special_tokens_map.json",
             R"({"bos_token": "<other>", "eos_token": "<other>", "pad_token": "<p>"})");
  const SpecialTokenNames names = read_special_token_names(folder.path());
  EXPECT_EQ(names.bos, std::nullopt);
  EXPECT_EQ(names.eos, "<e>");
  EXPECT_EQ(names.pad, "<p>");
}

TEST(SpecialTokens, MayBeOrdinaryTokensOfTheVocabulary) {
  const Tokenizer tokenizer =
      SmallTokenizer{.added_tokens = "[" + added_token(256, "<x>", true) + ", " +
                                     added_token(257, "<y>", true) + "]"}
          .load(R"({"bos_token": "a", "pad_token": "<y>", "eos_token": "<missing>"})");
  EXPECT_EQ(tokenizer.special_tokens().bos, 'a');
  EXPECT_EQ(tokenizer.special_tokens().pad, 257);
  EXPECT_EQ(tokenizer.special_tokens().eos, std::nullopt);
  EXPECT_EQ(tokenizer.special_tokens().others, (std::vector<std::int32_t>{256}));
  EXPECT_TRUE(tokenizer.is_special('a'));
}

TEST(SpecialTokens, RefuseDamagedFiles) {
  const auto complaint = [](std::string_view text) {
    const TempDir folder;
    write_text(folder / "tokenizer_config.json", text);
    return message_of<std::runtime_error>([&] { (void)read_special_token_names(folder.path()); });
  };
  EXPECT_NE(complaint(R"({"bos_token": 3})").find("bos_token is neither a string nor an object"),
            std::string::npos);
  for (const std::string_view text : {"", "[]", R"({"bos_token": "x)", R"({"bos_token": "x")",
                                      R"({"eos_token": {"lstrip": true}})", R"({"a": 1, "b"})"}) {
    EXPECT_NE(complaint(text).find("tokenizer_config.json: is not valid JSON: "), std::string::npos)
        << text << " gave " << complaint(text);
  }
}

}  // namespace
}  // namespace circuit
