#include "tracer/text/tokenizer_file.h"

#include <stdexcept>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"
#include "tests/tracer/text/small_tokenizer.h"

namespace circuit {
namespace {

using testing::added_token;
using testing::message_of;
using testing::SmallTokenizer;

// What is said about a file with this text; the file is called F in it.
std::string complaint(std::string_view json) {
  const testing::TempDir folder;
  const auto file = folder / "tokenizer.json";
  testing::write_text(file, json);
  std::string message = message_of<std::runtime_error>([&] { (void)Tokenizer::load(file); });
  if (const auto place = message.find(file.string()); place != std::string::npos) {
    message.replace(place, file.string().size(), "F");
  }
  return message;
}

std::string complaint(const SmallTokenizer& file) { return complaint(file.json()); }

std::string with_merges(std::string_view merges) {
  std::string json = SmallTokenizer{}.json();
  const std::string empty = R"("merges": [])";
  json.replace(json.find(empty), empty.size(), "\"merges\": " + std::string(merges));
  return json;
}

std::string with_entry(std::string_view entry) {
  std::string json = SmallTokenizer{}.json();
  json.insert(json.find("\"vocab\": {") + 10, std::string(entry) + ", ");
  return json;
}

TEST(TokenizerFile, NamesAFileThatIsMissing) {
  const testing::TempDir folder;
  const std::string file = (folder / "tokenizer.json").string();
  const std::string expected = "[load_tokenizer] " + file + ": there is no such file";
  EXPECT_EQ(message_of<std::runtime_error>([&] { (void)Tokenizer::load(file); }), expected);
  EXPECT_EQ(message_of<std::runtime_error>([&] { (void)Tokenizer::load(folder.path()); }),
            expected);
}

TEST(TokenizerFile, RefusesDamagedJson) {
  const std::string whole = SmallTokenizer{}.json();
  EXPECT_TRUE(complaint(whole.substr(0, whole.size() - 5))
                  .starts_with("[load_tokenizer] F: is not valid JSON: "));
  EXPECT_TRUE(complaint("").starts_with("[load_tokenizer] F: is not valid JSON: "));
  EXPECT_EQ(complaint("[1]"), "[load_tokenizer] F: the file is not an object");
  EXPECT_EQ(complaint(R"({"decoder": {"type": "ByteLevel"}})"),
            "[load_tokenizer] F: the file has no \"model\"");
}

TEST(TokenizerFile, RefusesOtherNormalizers) {
  EXPECT_EQ(complaint({.normalizer = R"({"type": "Sequence", "normalizers": [{"type": "NFC"},
                                         {"type": "StripAccents"}]})"}),
            "[load_tokenizer] F: not supported: normalizer.normalizers[1].type is "
            "\"StripAccents\" (supported: NFC, NFD, NFKC, NFKD, Lowercase, Precompiled, "
            "Prepend, Replace, Strip, Sequence)");
  EXPECT_EQ(complaint({.normalizer = R"({"type": "Replace", "pattern": {"Regex": "("},
                                         "content": "b"})"})
                .find("[load_tokenizer] F: normalizer [compile_pattern] "),
            0U);
  EXPECT_EQ(complaint({.normalizer = R"({"type": "Precompiled", "precompiled_charsmap": "AAAA"})"}),
            "[load_tokenizer] F: normalizer [read_charsmap] the table has 3 bytes");
  EXPECT_EQ(complaint({.normalizer = R"({"type": "Precompiled", "precompiled_charsmap": "AAA"})"}),
            "[load_tokenizer] F: normalizer.precompiled_charsmap is not Base64");
  EXPECT_EQ(complaint({.normalizer = R"({"type": "Replace", "pattern": {"String": ""},
                                         "content": "b"})"}),
            "[load_tokenizer] F: normalizer.pattern.String is empty");
  EXPECT_EQ(complaint({.normalizer = R"({"type": "Prepend"})"}),
            "[load_tokenizer] F: normalizer has no \"prepend\"");
  EXPECT_EQ(complaint({.normalizer = R"({"type": 3})"}),
            "[load_tokenizer] F: normalizer.type is not a string");
}

TEST(TokenizerFile, RefusesOtherPreTokenizers) {
  EXPECT_EQ(complaint({.pre_tokenizer = R"({"type": "Other"})"}),
            "[load_tokenizer] F: not supported: pre_tokenizer.type is \"Other\" (supported: "
            "ByteLevel, Metaspace, Split, Digits, Whitespace, WhitespaceSplit, Sequence)");
  EXPECT_EQ(complaint({.pre_tokenizer = R"({"type": "Split", "pattern": {"Regex": "a\\bb"},
                                            "behavior": "Isolated"})"}),
            "[load_tokenizer] F: pre_tokenizer.pattern [translate_pattern] not supported: \\b in "
            "the pattern a\\bb");
  EXPECT_EQ(complaint({.pre_tokenizer = R"({"type": "Split", "pattern": {"String": ""},
                                            "behavior": "Isolated"})"}),
            "[load_tokenizer] F: pre_tokenizer.pattern [compile_pattern] the pattern is empty");
  EXPECT_EQ(complaint({.pre_tokenizer = R"({"type": "Split", "pattern": {"String": "a"},
                                            "behavior": "Other"})"}),
            "[load_tokenizer] F: not supported: pre_tokenizer.behavior is \"Other\" (supported: "
            "Isolated, Removed, MergedWithPrevious, MergedWithNext, Contiguous)");
  EXPECT_EQ(complaint({.pre_tokenizer = R"({"type": "ByteLevel", "add_prefix_space": 1})"}),
            "[load_tokenizer] F: pre_tokenizer.add_prefix_space is not true or false");
  EXPECT_EQ(
      complaint({.pre_tokenizer = R"({"type": "Metaspace", "replacement": "_",
                                            "prepend_scheme": "last"})"}),
      "[load_tokenizer] F: not supported: pre_tokenizer.prepend_scheme is \"last\" (supported: "
      "always, first, never)");
  EXPECT_EQ(complaint({.pre_tokenizer = R"({"type": "Metaspace", "replacement": ""})"}),
            "[load_tokenizer] F: pre_tokenizer.replacement is empty");
  EXPECT_EQ(
      complaint({.normalizer = R"({"type": "Strip", "strip_left": true,
                                         "strip_right": true})",
                 .pre_tokenizer = R"({"type": "Metaspace", "replacement": "_",
                                            "prepend_scheme": "first"})"}),
      "[load_tokenizer] F: not supported: pre_tokenizer is \"first\" (supported: always, never "
      "after this normalizer)");
  EXPECT_EQ(complaint({.pre_tokenizer = R"({"type": "Sequence", "pretokenizers": 1})"}),
            "[load_tokenizer] F: pre_tokenizer.pretokenizers is not an array");
}

TEST(TokenizerFile, RefusesOtherPostProcessors) {
  EXPECT_EQ(complaint({.post_processor = R"({"type": "RobertaProcessing"})"}),
            "[load_tokenizer] F: not supported: post_processor.type is \"RobertaProcessing\" "
            "(supported: TemplateProcessing, ByteLevel, Sequence)");
  EXPECT_EQ(complaint({.post_processor = R"({"type": "TemplateProcessing",
                                             "single": [{"Sequence": {"id": "B"}}]})"}),
            "[load_tokenizer] F: not supported: post_processor.single[0].Sequence.id is \"B\" "
            "(supported: A, once)");
  EXPECT_EQ(complaint({.post_processor = R"({"type": "TemplateProcessing", "single": []})"}),
            "[load_tokenizer] F: post_processor.single has no place for the text");
  EXPECT_EQ(complaint({.post_processor = R"({"type": "TemplateProcessing", "single": [
                           {"SpecialToken": {"id": "x"}}, {"Sequence": {"id": "A"}}],
                           "special_tokens": {"x": {"ids": [999]}}})"}),
            "[load_tokenizer] F: post_processor adds id 999, which is no token");
  EXPECT_EQ(complaint({.post_processor = R"({"type": "TemplateProcessing", "single": [
                           {"SpecialToken": {"id": "x"}}, {"Sequence": {"id": "A"}}],
                           "special_tokens": {"x": {"ids": [-1]}}})"}),
            "[load_tokenizer] F: post_processor.special_tokens.x.ids[0] is not an integer from 0 "
            "to 2147483647");
}

TEST(TokenizerFile, RefusesOtherDecoders) {
  EXPECT_EQ(complaint({.decoder = "null"}), "[load_tokenizer] F: the file has no \"decoder\"");
  EXPECT_EQ(complaint({.decoder = R"({"type": "WordPiece"})"}),
            "[load_tokenizer] F: not supported: decoder.type is \"WordPiece\" (supported: "
            "ByteLevel, ByteFallback, Fuse, Metaspace, Replace, Strip, Sequence)");
  EXPECT_EQ(complaint({.decoder = R"({"type": "Sequence", "decoders": [{"type": "ByteLevel"},
                                      {"type": "Fuse"}]})"}),
            "[load_tokenizer] F: not supported: decoder.decoders[1].type is \"Fuse\" (supported: "
            "nothing after ByteLevel)");
  EXPECT_EQ(complaint({.decoder = R"({"type": "Replace", "pattern": {"String": "ab"},
                                      "content": ""})"}),
            "[load_tokenizer] F: not supported: decoder.pattern is \"ab\" (supported: a single "
            "character)");
  EXPECT_EQ(complaint({.decoder = R"({"type": "Strip", "content": " ", "start": 1, "stop": 0})"}),
            "[load_tokenizer] F: not supported: decoder.type is \"Strip\" (supported: once, after "
            "Fuse)");
  EXPECT_EQ(complaint({.decoder = R"({"type": "Sequence", "decoders": [{"type": "Fuse"},
                                      {"type": "ByteFallback"}]})"}),
            "[load_tokenizer] F: not supported: decoder.decoders[1].type is \"ByteFallback\" "
            "(supported: before Fuse only)");
}

TEST(TokenizerFile, RefusesOtherModels) {
  std::string json = SmallTokenizer{}.json();
  json.replace(json.find("\"BPE\""), 5, "\"WordPiece\"");
  EXPECT_EQ(
      complaint(json),
      "[load_tokenizer] F: not supported: model.type is \"WordPiece\" (supported: BPE, Unigram)");
  EXPECT_EQ(complaint({.model_settings = R"("dropout": 0.5,)"}),
            "[load_tokenizer] F: not supported: model.dropout is \"0.500000\" (supported: null)");
  EXPECT_EQ(complaint({.model_settings = R"("continuing_subword_prefix": "##",)"}),
            "[load_tokenizer] F: not supported: model.continuing_subword_prefix is \"##\" "
            "(supported: null)");
  EXPECT_EQ(complaint({.model_settings = R"("end_of_word_suffix": "</w>",)"}),
            "[load_tokenizer] F: not supported: model.end_of_word_suffix is \"</w>\" "
            "(supported: null)");
  EXPECT_EQ(complaint({.model_settings = R"("unk_token": "<unk>",)"}),
            "[load_tokenizer] F: model.unk_token is \"<unk>\", which is not in the vocabulary");
}

TEST(TokenizerFile, RefusesDamagedUnigramModels) {
  const auto with_model = [](std::string_view settings) {
    std::string json = SmallTokenizer{.pre_tokenizer = "null"}.json();
    json.resize(json.find("\"model\": "));
    return complaint(json + "\"model\": {\"type\": \"Unigram\", " + std::string(settings) + "}}");
  };
  EXPECT_EQ(with_model(R"("unk_id": 0, "vocab": {})"),
            "[load_tokenizer] F: model.vocab is not an array");
  EXPECT_EQ(with_model(R"("unk_id": 0, "vocab": [["a", 0], ["b"]])"),
            "[load_tokenizer] F: model.vocab [1] is not [\"text\", score]");
  EXPECT_EQ(with_model(R"("unk_id": 0, "vocab": [["a", 0], ["a", -1]])"),
            "[load_tokenizer] F: model.vocab [1] is \"a\", which is empty or there already");
  EXPECT_EQ(with_model(R"("unk_id": 2, "vocab": [["a", 0]])"),
            "[load_tokenizer] F: model is damaged: [build_unigram] the unknown token 2 is not in "
            "the vocabulary");
  EXPECT_EQ(with_model(R"("unk_id": null, "vocab": [["a", 0]])"),
            "[load_tokenizer] F: model has no \"unk_id\"");
}

TEST(TokenizerFile, RefusesDamagedVocabularies) {
  EXPECT_EQ(complaint(with_entry(R"("new": -1)")),
            "[load_tokenizer] F: model.vocab gives \"new\" no id from 0 to 524287");
  EXPECT_EQ(complaint(with_entry(R"("new": 524288)")),
            "[load_tokenizer] F: model.vocab gives \"new\" no id from 0 to 524287");
  EXPECT_EQ(complaint(with_entry(R"("new": "1")")),
            "[load_tokenizer] F: model.vocab gives \"new\" no id from 0 to 524287");
  EXPECT_EQ(complaint(with_entry(R"("a": 300)")),
            "[load_tokenizer] F: model.vocab holds \"a\" or the id 97 twice");
}

TEST(TokenizerFile, RefusesDamagedMerges) {
  for (const std::string_view merges :
       {R"(["ab"])", R"(["a b c"])", R"([" a"])", R"([["a"]])", R"([["a", 1]])", "[3]"}) {
    EXPECT_EQ(complaint(with_merges(merges)),
              "[load_tokenizer] F: model.merges [0] is neither \"a b\" nor [\"a\", \"b\"]");
  }
  EXPECT_EQ(complaint(with_merges(R"([["a", "b"]])")),
            "[load_tokenizer] F: model.merges [0] is damaged: [add_merge] \"ab\" is not in the "
            "vocabulary");
  EXPECT_EQ(complaint(with_merges("3")), "[load_tokenizer] F: model.merges is not an array");
}

TEST(TokenizerFile, RefusesAddedTokensThatContradictTheVocabulary) {
  EXPECT_EQ(complaint({.added_tokens = "[" + added_token(300, "a", true) + "]"}),
            "[load_tokenizer] F: added_tokens[0] gives \"a\" the id 300, its place in the "
            "vocabulary is 97");
  EXPECT_EQ(complaint({.added_tokens = "[" + added_token(300, "<x>", true) + "]"}),
            "[load_tokenizer] F: added_tokens[0] gives \"<x>\" the id 300, its place in the "
            "vocabulary is 256");
  const std::string token = added_token(256, "<x>", true);
  EXPECT_EQ(complaint({.added_tokens = "[" + token + ", " + token + "]"}),
            "[load_tokenizer] F: added_tokens[1] repeats \"<x>\"");
  EXPECT_EQ(complaint({.added_tokens = "[" + added_token(256, "", true) + "]"}),
            "[load_tokenizer] F: added_tokens[0] has no content");
  EXPECT_EQ(complaint({.added_tokens = R"([{"content": "x"}])"}),
            "[load_tokenizer] F: added_tokens[0] has no \"id\"");
}

TEST(TokenizerFile, AcceptsAddedTokensOfTheVocabulary) {
  const Tokenizer tokenizer =
      SmallTokenizer{.words = {"<x>"}, .added_tokens = "[" + added_token(257, "<x>", true) + "]"}
          .load();
  EXPECT_TRUE(tokenizer.is_special(257));
  EXPECT_EQ(tokenizer.vocabulary_size(), 258);
}

TEST(TokenizerFile, FindsTheTokensAroundATextInASequenceOfPostProcessors) {
  const testing::TempDir folder;
  testing::write_text(folder / "tokenizer.json", SmallTokenizer{.post_processor = R"({
      "type": "Sequence", "processors": [{"type": "ByteLevel"}, {"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "x"}}, {"Sequence": {"id": "A"}}],
      "special_tokens": {"x": {"ids": [7]}}}]})"}
                                                     .json());
  const TokenizerParts parts = read_tokenizer_file(folder / "tokenizer.json");
  EXPECT_EQ(parts.prefix, (std::vector<std::int32_t>{7}));
  EXPECT_TRUE(parts.suffix.empty());
}

}  // namespace
}  // namespace circuit
