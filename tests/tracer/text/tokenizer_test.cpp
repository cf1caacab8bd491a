#include "tracer/text/tokenizer.h"

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"
#include "tests/tracer/text/small_tokenizer.h"
#include "tracer/text/bpe_lists.h"
#include "tracer/text/special_tokens.h"
#include "tracer/text/tokenizer_parts.h"

namespace circuit {
namespace {

using testing::added_token;
using testing::message_of;
using testing::SmallTokenizer;
using Ids = std::vector<std::int32_t>;

constexpr const char* kPrefixSpace =
    R"({"type": "ByteLevel", "add_prefix_space": true, "use_regex": true})";
constexpr const char* kTemplate = R"({"type": "TemplateProcessing", "single": [
    {"SpecialToken": {"id": "begin", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
    {"SpecialToken": {"id": "end", "type_id": 0}}], "special_tokens": {
    "begin": {"id": "begin", "ids": [1, 2], "tokens": ["x", "y"]},
    "end": {"id": "end", "ids": [3], "tokens": ["z"]}}})";

TEST(Tokenizer, MergesInTheOrderOfTheFile) {
  const Tokenizer tokenizer = SmallTokenizer{.words = {"ab", "abc", "bcd"}}.load();
  // 256 "ab", 257 "abc", 258 "bc", 259 "bcd": "ab" is merged before "bc".
  EXPECT_EQ(tokenizer.encode("abcd"), (Ids{257, 'd'}));
  EXPECT_EQ(tokenizer.encode("bcd"), (Ids{259}));
}

TEST(Tokenizer, TakesAWholeWordAsATokenWhenMergesAreIgnored) {
  SmallTokenizer file{.words = {"ab", "bc", "abc"}};
  EXPECT_EQ(file.load().vocabulary_size(), 259);
  EXPECT_EQ(file.load().encode("abc"), (Ids{258}));
  file.words = {"bc", "ab", "abc"};  // now "bc" is merged first, so that "abc" is out of reach
  EXPECT_EQ(file.load().encode("abc"), (Ids{'a', 256}));
  file.model_settings = R"("ignore_merges": true,)";
  EXPECT_EQ(file.load().encode("abc"), (Ids{258}));
}

TEST(Tokenizer, ReadsMergesInBothForms) {
  const testing::TempDir folder;
  std::string json = SmallTokenizer{.words = {"ab", "cd"}}.json();
  json.replace(json.find(R"(["a", "b"])"), 10, R"("a b")");
  testing::write_text(folder / "tokenizer.json", json);
  EXPECT_EQ(Tokenizer::load(folder / "tokenizer.json").encode("abcd"), (Ids{256, 257}));
}

TEST(Tokenizer, AddsTheTokensOfItsPostProcessorOnlyWhenAsked) {
  const Tokenizer tokenizer = SmallTokenizer{.post_processor = kTemplate}.load();
  EXPECT_EQ(tokenizer.encode("a"), (Ids{1, 2, 'a', 3}));
  EXPECT_EQ(tokenizer.encode("a", {.add_special_tokens = false}), (Ids{'a'}));
  EXPECT_EQ(tokenizer.encode(""), (Ids{1, 2, 3}));
  EXPECT_EQ(tokenizer.encode("", {.add_special_tokens = false}), Ids{});
}

TEST(Tokenizer, PutsAPrefixSpaceOnlyWhereNoneIs) {
  const Tokenizer tokenizer =
      SmallTokenizer{.words = {" grand"}, .pre_tokenizer = kPrefixSpace}.load();
  EXPECT_EQ(tokenizer.encode("grand grand"), (Ids{260, 260}));
  EXPECT_EQ(tokenizer.encode(" grand"), (Ids{260}));
  EXPECT_EQ(tokenizer.encode("  grand"), (Ids{' ', 260}));
}

TEST(Tokenizer, FindsATokenWithAndWithoutItsSpaceUnderAPrefixSpace) {
  const Tokenizer tokenizer =
      SmallTokenizer{.words = {" grand"}, .pre_tokenizer = kPrefixSpace}.load();
  EXPECT_EQ(tokenizer.find_single(" grand"), 260);
  EXPECT_EQ(tokenizer.find_single("grand"), 260);
  EXPECT_EQ(tokenizer.find_single("  grand"), std::nullopt);
  EXPECT_EQ(tokenizer.find_single("grander"), std::nullopt);
  EXPECT_EQ(tokenizer.find_single(""), std::nullopt);
}

TEST(Tokenizer, FindsATokenWhoseSpaceANormalizerWouldDouble) {
  const Tokenizer tokenizer =
      SmallTokenizer{.words = {" grand"}, .normalizer = R"({"type": "Prepend", "prepend": " "})"}
          .load();
  EXPECT_EQ(tokenizer.find_single(" grand"), 260);
  EXPECT_EQ(tokenizer.find_single("grand"), 260);
}

TEST(Tokenizer, DistinguishesSpacedTokensWithoutAPrefixSpace) {
  const Tokenizer tokenizer = SmallTokenizer{.words = {" a", "ab"}}.load();
  EXPECT_EQ(tokenizer.find_single(" a"), 256);
  EXPECT_EQ(tokenizer.find_single("a"), 'a');
}

TEST(Tokenizer, FindsTextOfSpecialTokensInTheText) {
  const Tokenizer tokenizer =
      SmallTokenizer{.added_tokens = "[" + added_token(256, "<eos>", true) + "]"}.load();
  EXPECT_EQ(tokenizer.encode("a<eos><eos"), (Ids{'a', 256, '<', 'e', 'o', 's'}));
  EXPECT_EQ(tokenizer.decode(Ids{'a', 256}), "a<eos>");
  EXPECT_EQ(tokenizer.find_single("<eos>"), 256);
  EXPECT_TRUE(tokenizer.is_special(256));
  EXPECT_EQ(tokenizer.vocabulary_size(), 257);
}

TEST(Tokenizer, LooksForNormalizedAddedTokensInNormalizedText) {
  const Tokenizer tokenizer =
      SmallTokenizer{
          .normalizer = R"({"type": "Lowercase"})",
          .added_tokens = "[" + added_token(256, "ONE", false, R"("normalized": true,)") + "," +
                          added_token(257, "TWO", false, R"("normalized": false,)") + "]"}
          .load();
  EXPECT_EQ(tokenizer.encode("oNeTWOtwo"), (Ids{256, 257, 't', 'w', 'o'}));
}

TEST(Tokenizer, DropsCharactersWithoutATokenLikeHuggingFace) {
  const Tokenizer tokenizer = SmallTokenizer{.pre_tokenizer = "null"}.load();
  EXPECT_EQ(tokenizer.encode("a\u4E00b"), (Ids{'a', 'b'}));  // no byte-level characters here
}

TEST(Tokenizer, WritesUnknownCharactersAsTheUnknownToken) {
  SmallTokenizer file{.pre_tokenizer = "null", .model_settings = R"("unk_token": "u",)"};
  EXPECT_EQ(file.load().encode("a\u4E00\u4E00b"), (Ids{'a', 'u', 'u', 'b'}));
  file.model_settings += R"("fuse_unk": true,)";
  EXPECT_EQ(file.load().encode("a\u4E00\u4E00b\u4E00"), (Ids{'a', 'u', 'b', 'u'}));
  EXPECT_EQ(file.load().find_single("\u4E00"), std::nullopt);
  EXPECT_EQ(file.load().find_single("u"), 'u');
}

TEST(Tokenizer, WritesPartsOfCharactersAsEscapes) {
  const Tokenizer tokenizer = SmallTokenizer{.words = {"a\xE4\xB8", " \xE4\xB8\x80\xE4"}}.load();
  EXPECT_EQ(tokenizer.token_bytes(257), "a\xE4\xB8");
  EXPECT_EQ(tokenizer.token_text(257), "a\\xE4\\xB8");
  EXPECT_EQ(tokenizer.token_text(261), " \u4E00\\xE4");
  EXPECT_EQ(tokenizer.token_text(0xFF), "\\xFF");
  EXPECT_EQ(tokenizer.token_text(' '), " ");
  EXPECT_EQ(tokenizer.token_text('\n'), "\n");
}

TEST(Tokenizer, JoinsPartsOfCharactersWhenDecoding) {
  const Tokenizer tokenizer = SmallTokenizer{}.load();
  EXPECT_EQ(tokenizer.decode(Ids{0xE4, 0xB8, 0x80, '!'}), "\u4E00!");
  EXPECT_EQ(tokenizer.decode(Ids{0xE4, 0xB8, '!', 0x80}), "\uFFFD!\uFFFD");
}

TEST(Tokenizer, ShowsAddedTokensAsTheyAreWritten) {
  const Tokenizer tokenizer =
      SmallTokenizer{.added_tokens = "[" + added_token(256, "\u00E9t\u00E9 \u0120", false) + "]"}
          .load();
  EXPECT_EQ(tokenizer.token_text(256), "\u00E9t\u00E9 \u0120");
  EXPECT_EQ(tokenizer.encode("\u00E9t\u00E9 \u0120"), (Ids{256}));
}

TEST(Tokenizer, NamesIdsWithoutAToken) {
  const Tokenizer tokenizer = SmallTokenizer{}.load();
  EXPECT_EQ(tokenizer.token_text(300), "<id 300>");
  EXPECT_EQ(tokenizer.token_bytes(300), "");
  EXPECT_EQ(tokenizer.decode(Ids{'a', 300, 'b'}), "ab");
  EXPECT_EQ(message_of<std::invalid_argument>([&] { (void)tokenizer.token_text(-1); }),
            "[token_bytes] id -1, expected 0 or more");
}

TEST(Tokenizer, WritesAndReadsByteTokens) {
  const Tokenizer tokenizer =
      SmallTokenizer{.pre_tokenizer = "null",
                     .decoder = R"({"type": "Sequence", "decoders": [
                         {"type": "Replace", "pattern": {"String": "_"}, "content": " "},
                         {"type": "ByteFallback"}, {"type": "Fuse"}]})",
                     .model_settings = R"("byte_fallback": true, "unk_token": "u",)"}
          .load();
  EXPECT_EQ(tokenizer.token_bytes('_'), " ");
  EXPECT_EQ(tokenizer.encode("\u4E00"), (Ids{'u'}));  // no <0x..> tokens in this vocabulary
}

TEST(Tokenizer, IsMadeOfStages) {
  const std::vector<ScoredToken> tokens = {{.text = "<unk>", .is_merged = false},
                                           {.text = "<s>", .is_merged = false},
                                           {.text = "\u2581"},
                                           {.text = "a"},
                                           {.text = "\u2581a", .score = 1}};
  using Kind = NormalizerStep::Kind;
  Normalizer normalizer({{Kind::kReplace, " ", "\u2581"}, {Kind::kPrepend, "", "\u2581"}});
  AddedTokens added_tokens({{.id = 1, .content = "<s>", .is_special = true}}, normalizer);
  const Tokenizer tokenizer =
      Tokenizer::from_parts({.normalizer = std::move(normalizer),
                             .added_tokens = std::move(added_tokens),
                             .pre_tokenizer = PreTokenizer({}),
                             .model = bpe_from_scores(tokens, {.unknown_id = 0}),
                             .decoder = {.replacements = {{"\u2581", " "}}, .byte_fallback = true},
                             .prefix = {1},
                             .suffix = {}},
                            {.bos = "<s>", .eos = "</s>", .pad = std::nullopt});
  EXPECT_EQ(tokenizer.encode("a a<s>b"), (Ids{1, 4, 4, 1, 2, 0}));
  EXPECT_EQ(tokenizer.token_text(4), " a");
  EXPECT_EQ(tokenizer.special_tokens().bos, 1);
  EXPECT_EQ(tokenizer.special_tokens().eos, std::nullopt);
}

TEST(Tokenizer, RefusesTextThatIsNotUtf8) {
  const Tokenizer tokenizer = SmallTokenizer{}.load();
  EXPECT_EQ(message_of<std::invalid_argument>([&] { (void)tokenizer.encode("ab\xFF"); }),
            "[encode] text is not valid UTF-8 at byte 2");
}

TEST(Tokenizer, EncodesFromSeveralThreadsAtOnce) {
  const Tokenizer tokenizer = SmallTokenizer{.words = {"word", " word"}}.load();
  const std::string text = "word word wo rd\n";
  const Ids expected = tokenizer.encode(text);
  std::array<bool, 4> equal{};
  std::vector<std::thread> threads;
  for (bool& is_equal : equal) {
    threads.emplace_back([&] {
      is_equal = true;
      for (int i = 0; i < 200; ++i) is_equal = is_equal && tokenizer.encode(text) == expected;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(equal, (std::array<bool, 4>{true, true, true, true}));
}

}  // namespace
}  // namespace circuit
