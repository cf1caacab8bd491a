#include "tracer/text/gguf_tokenizer.h"

#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/gguf_writer.h"
#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"
#include "tracer/text/byte_level.h"
#include "tracer/text/tokenizer.h"

namespace circuit {
namespace {

using testing::GgufWriter;
using testing::message_of;
using testing::TempDir;

using Ids = std::vector<std::int32_t>;

constexpr std::int32_t kNormal = 1;
constexpr std::int32_t kUnknown = 2;
constexpr std::int32_t kControl = 3;
constexpr std::int32_t kUserDefined = 4;
constexpr std::int32_t kByte = 6;

/// The keys of a tokenizer, to be changed by a test before they are written.
struct Keys {
  std::string model = "gpt2";
  std::string pre = "gpt-2";
  std::vector<std::string> tokens;
  std::vector<std::int32_t> types;
  std::vector<std::string> merges;
  std::vector<float> scores;
  GgufWriter others;

  void add(const std::string& token, std::int32_t type, float score = 0) {
    tokens.push_back(token);
    types.push_back(type);
    scores.push_back(score);
  }

  void write(const std::filesystem::path& path) const {
    GgufWriter writer = others;
    writer.text("tokenizer.ggml.model", model);
    writer.texts("tokenizer.ggml.tokens", tokens);
    writer.integers("tokenizer.ggml.token_type", types);
    if (model == "gpt2") {
      if (!pre.empty()) writer.text("tokenizer.ggml.pre", pre);
      writer.texts("tokenizer.ggml.merges", merges);
    } else {
      writer.numbers("tokenizer.ggml.scores", scores);
    }
    writer.write(path);
  }

  Tokenizer load() const {
    const TempDir folder;
    write(folder / "t.gguf");
    return Tokenizer::load(folder / "t.gguf");
  }

  /// What loading complains about, without `[load_tokenizer] FILE: `.
  std::string refusal() const {
    const TempDir folder;
    write(folder / "t.gguf");
    const std::string message =
        message_of<std::runtime_error>([&] { Tokenizer::load(folder / "t.gguf"); });
    const std::string start = "[load_tokenizer] " + (folder / "t.gguf").string() + ": ";
    return message.starts_with(start) ? message.substr(start.size()) : message;
  }
};

/// The 256 bytes (id = byte), then "ab", "12" and a control and a user-defined token.
Keys byte_level_keys() {
  Keys keys;
  for (int byte = 0; byte < 256; ++byte) {
    keys.add(std::string(byte_character(static_cast<unsigned char>(byte))), kNormal);
  }
  keys.add("ab", kNormal);              // 256
  keys.add("12", kNormal);              // 257
  keys.add("<s>", kControl);            // 258
  keys.add("<user  x>", kUserDefined);  // 259
  keys.merges = {"a b", "1 2"};
  return keys;
}

/// "<unk>", "<s>", "</s>", the bytes (id = byte + 3), then pieces with scores.
Keys sentence_piece_keys() {
  Keys keys;
  keys.model = "llama";
  keys.add("<unk>", kUnknown);
  keys.add("<s>", kControl);
  keys.add("</s>", kControl);
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (std::size_t byte = 0; byte < 256; ++byte) {
    keys.add(std::string("<0x") + kDigits[byte / 16] + kDigits[byte % 16] + ">", kByte);
  }
  keys.add("▁", kNormal, -10);  // 259
  keys.add("a", kNormal, -11);  // 260
  keys.add("b", kNormal, -12);  // 261
  keys.add("c", kNormal, -13);  // 262
  keys.add("ab", kNormal, -2);  // 263
  keys.add("bc", kNormal, -1);  // 264
  keys.add("▁a", kNormal, -3);  // 265
  return keys;
}

TEST(GgufTokenizer, MergesByteLevelWords) {
  const Tokenizer tokenizer = byte_level_keys().load();
  EXPECT_EQ(tokenizer.encode("ab \xC3\xA9"), (Ids{256, ' ', 0xC3, 0xA9}));
  EXPECT_EQ(tokenizer.decode(Ids{256, ' ', 0xC3, 0xA9}), "ab \xC3\xA9");
  EXPECT_EQ(tokenizer.token_text(256), "ab");
  EXPECT_EQ(tokenizer.vocabulary_size(), 260);
}

TEST(GgufTokenizer, SplitsDigitsWhereThePreTokenizerSaysSo) {
  Keys keys = byte_level_keys();
  EXPECT_EQ(keys.load().encode("12"), (Ids{257}));
  keys.pre = "smollm";
  EXPECT_EQ(keys.load().encode("12"), (Ids{'1', '2'}));
}

TEST(GgufTokenizer, TakesTheDefaultPreTokenizerWhereNoneIsNamed) {
  Keys keys = byte_level_keys();
  keys.pre = "";
  keys.merges.push_back("ab <");
  keys.add("ab<", kNormal);
  EXPECT_EQ(keys.load().encode("ab<"), (Ids{256, '<'}));  // splits off punctuation and symbols
  keys.pre = "llama-bpe";
  keys.others.boolean("tokenizer.ggml.add_bos_token", false);
  EXPECT_EQ(keys.load().encode("ab<"), (Ids{256, '<'}));
}

TEST(GgufTokenizer, FindsControlAndUserDefinedTokensInText) {
  const Tokenizer tokenizer = byte_level_keys().load();
  EXPECT_EQ(tokenizer.encode("<s>ab<user  x>"), (Ids{258, 256, 259}));
  EXPECT_TRUE(tokenizer.is_special(258));
  EXPECT_FALSE(tokenizer.is_special(259));
  EXPECT_FALSE(tokenizer.is_special(256));
  EXPECT_EQ(tokenizer.token_bytes(259), "<user  x>");
}

TEST(GgufTokenizer, HonoursAddBosAndAddEos) {
  Keys keys = byte_level_keys();
  keys.others.integer("tokenizer.ggml.bos_token_id", 258);
  keys.others.integer("tokenizer.ggml.eos_token_id", 259);
  keys.others.integer("tokenizer.ggml.padding_token_id", 257);
  EXPECT_EQ(keys.load().encode("ab"), (Ids{256}));
  const Tokenizer tokenizer = keys.load();
  EXPECT_EQ(tokenizer.special_tokens().bos, 258);
  EXPECT_EQ(tokenizer.special_tokens().eos, 259);
  EXPECT_EQ(tokenizer.special_tokens().pad, 257);
  Keys both = keys;
  both.others.boolean("tokenizer.ggml.add_bos_token", true);
  both.others.boolean("tokenizer.ggml.add_eos_token", true);
  EXPECT_EQ(both.load().encode("ab"), (Ids{258, 256, 259}));
  EXPECT_EQ(both.load().encode("ab", {.add_special_tokens = false}), (Ids{256}));
  keys.pre = "llama-bpe";  // adds one unless told otherwise
  EXPECT_EQ(keys.load().encode("ab"), (Ids{258, 256}));
  keys.others.boolean("tokenizer.ggml.add_bos_token", false);
  EXPECT_EQ(keys.load().encode("ab"), (Ids{256}));
}

TEST(GgufTokenizer, MergesSentencePiecesByScore) {
  const Tokenizer tokenizer = sentence_piece_keys().load();
  // "bc" has a higher score than "ab" and "▁a".
  EXPECT_EQ(tokenizer.encode("abc", {.add_special_tokens = false}), (Ids{265, 264}));
  EXPECT_EQ(tokenizer.encode("abc"), (Ids{1, 265, 264}));
  EXPECT_EQ(tokenizer.decode(Ids{265, 264}), " abc");
}

TEST(GgufTokenizer, HonoursAddSpacePrefix) {
  Keys keys = sentence_piece_keys();
  keys.others.boolean("tokenizer.ggml.add_space_prefix", false);
  EXPECT_EQ(keys.load().encode("abc", {.add_special_tokens = false}), (Ids{260, 264}));
  EXPECT_EQ(keys.load().encode("c a", {.add_special_tokens = false}), (Ids{262, 265}));
}

TEST(GgufTokenizer, WritesMissingCharactersAsBytes) {
  const Tokenizer tokenizer = sentence_piece_keys().load();
  EXPECT_EQ(tokenizer.encode("\xC3\xA9", {.add_special_tokens = false}),
            (Ids{259, 3 + 0xC3, 3 + 0xA9}));
  EXPECT_EQ(tokenizer.decode(Ids{3 + 0xC3, 3 + 0xA9}), "\xC3\xA9");
}

TEST(GgufTokenizer, KnowsSentencePiecesDefaultIds) {
  const Tokenizer tokenizer = sentence_piece_keys().load();
  EXPECT_EQ(tokenizer.special_tokens().bos, 1);
  EXPECT_EQ(tokenizer.special_tokens().eos, 2);
  EXPECT_FALSE(tokenizer.special_tokens().pad.has_value());
}

TEST(GgufTokenizer, GivesTheChatTemplate) {
  Keys keys = byte_level_keys();
  const TempDir folder;
  keys.write(folder / "without.gguf");
  keys.others.text("tokenizer.chat_template", "{{ bos_token }}");
  keys.write(folder / "with.gguf");
  EXPECT_EQ(read_gguf_chat_template(GgufFile::open(folder / "with.gguf")), "{{ bos_token }}");
  EXPECT_FALSE(read_gguf_chat_template(GgufFile::open(folder / "without.gguf")).has_value());
}

TEST(GgufTokenizer, RefusesModelsAndPreTokenizersThatItDoesNotKnow) {
  Keys model = byte_level_keys();
  model.model = "bert";
  EXPECT_EQ(model.refusal(), "key tokenizer.ggml.model is \"bert\", expected gpt2 or llama");
  Keys pre = byte_level_keys();
  pre.pre = "nobody";
  const std::string refusal = pre.refusal();
  EXPECT_TRUE(
      refusal.starts_with("key tokenizer.ggml.pre is \"nobody\", expected one of default, gpt-2, "))
      << refusal;
}

TEST(GgufTokenizer, RefusesListsThatDoNotFit) {
  Keys types = byte_level_keys();
  types.types.pop_back();
  EXPECT_EQ(types.refusal(), "key tokenizer.ggml.token_type has 259 entries for 260 tokens");
  Keys scores = sentence_piece_keys();
  scores.scores.push_back(0);
  EXPECT_EQ(scores.refusal(), "key tokenizer.ggml.scores has 267 entries for 266 tokens");
  Keys missing = sentence_piece_keys();
  missing.model = "gpt2";  // which needs merges
  missing.pre = "";
  missing.merges = {"a z"};
  EXPECT_EQ(missing.refusal(),
            "its tokenizer is damaged: \"[add_merge] \\\"z\\\" is not in the vocabulary\"");
  Keys twice = byte_level_keys();
  twice.add("ab", kNormal);
  EXPECT_TRUE(twice.refusal().starts_with("its tokenizer is damaged: \"[build_vocabulary]"))
      << twice.refusal();
  Keys bytes = byte_level_keys();
  bytes.add("\xFF", kNormal);
  EXPECT_EQ(bytes.refusal(), R"(token 260 is "\xFF", which is not UTF-8)");
}

TEST(GgufTokenizer, RefusesSpecialIdsThatAreNoToken) {
  Keys large = byte_level_keys();
  large.others.integer("tokenizer.ggml.bos_token_id", 260);
  EXPECT_EQ(large.refusal(),
            "key tokenizer.ggml.bos_token_id is 260, expected less than 260, the number of tokens");
  Keys none = byte_level_keys();
  none.others.boolean("tokenizer.ggml.add_bos_token", true);
  EXPECT_EQ(none.refusal(), "tokenizer.ggml.add_bos_token is true, but there is no such token");
}

TEST(GgufTokenizer, RefusesAFileWithoutATokenizer) {
  const TempDir folder;
  GgufWriter().write(folder / "t.gguf");
  EXPECT_EQ(message_of<std::runtime_error>([&] { Tokenizer::load(folder / "t.gguf"); }),
            "[read_gguf] " + (folder / "t.gguf").string() +
                ": has no key tokenizer.ggml.model, expected a string");
}

}  // namespace
}  // namespace circuit
