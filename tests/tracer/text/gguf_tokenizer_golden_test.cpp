// The golden tokenizers, written as the keys of a GGUF file, give the ids of Hugging Face.
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <gtest/gtest.h>
#include <simdjson.h>

#include "tests/support/gguf_writer.h"
#include "tests/support/unpack_xz.h"
#include "tests/support/temp_dir.h"
#include "tracer/text/tokenizer.h"

namespace circuit {
namespace {

using simdjson::dom::element;

const std::filesystem::path kGolden = std::filesystem::path(CIRCUIT_GOLDEN_DIR) / "tokenizers";

struct Lists {
  std::vector<std::string> tokens;
  std::vector<std::int32_t> types;
  std::vector<std::string> merges;
  std::vector<float> scores;

  void add(std::size_t id, std::string_view text, std::int32_t type) {
    if (id >= tokens.size()) {
      tokens.resize(id + 1);
      types.resize(id + 1, 5);  // unused
    }
    tokens[id] = text;
    types[id] = type;
  }
};

std::string merge_text(const element& merge) {
  std::string_view text;
  if (merge.get(text) == simdjson::SUCCESS) return std::string(text);
  return std::string(merge.at(0).get_string().value()) + " " +
         std::string(merge.at(1).get_string().value());
}

Lists read_lists(const element& root) {
  Lists lists;
  for (const auto [text, id] : root["model"]["vocab"].get_object()) {
    const bool is_byte = text.size() == 6 && text.starts_with("<0x");
    lists.add(id.get_uint64().value(), text, is_byte ? 6 : 1);
  }
  for (const auto token : root["added_tokens"].get_array()) {
    lists.add(token["id"].get_uint64().value(), token["content"].get_string().value(),
              token["special"].get_bool().value() ? 3 : 4);
  }
  for (const auto merge : root["model"]["merges"].get_array()) {
    lists.merges.push_back(merge_text(merge));
  }
  return lists;
}

// SentencePiece has a score a token, from which Hugging Face sorts the merges that make it.
void add_scores(Lists& lists) {
  std::unordered_map<std::string_view, std::size_t> ids;
  for (std::size_t id = 0; id < lists.tokens.size(); ++id) ids.emplace(lists.tokens[id], id);
  lists.scores.assign(lists.tokens.size(), -1e6F);
  for (std::size_t i = lists.merges.size(); i > 0; --i) {
    std::string text = lists.merges[i - 1];
    text.erase(text.find(' '), 1);
    lists.scores[ids.at(text)] = -static_cast<float>(i);
  }
}

struct Golden {
  std::string name;
  std::string model;
  std::string pre;
  std::int32_t bos;
  bool adds_bos;
};

Tokenizer load(const Golden& golden, const testing::TempDir& folder) {
  const std::string json = testing::unpack_xz(kGolden / (golden.name + ".tokenizer.json.xz"));
  simdjson::dom::parser parser;
  Lists lists = read_lists(parser.parse(json).value());
  testing::GgufWriter writer;
  writer.text("tokenizer.ggml.model", golden.model);
  writer.texts("tokenizer.ggml.tokens", lists.tokens);
  writer.integers("tokenizer.ggml.token_type", lists.types);
  if (golden.model == "gpt2") {
    writer.text("tokenizer.ggml.pre", golden.pre);
    writer.texts("tokenizer.ggml.merges", lists.merges);
  } else {
    add_scores(lists);
    writer.numbers("tokenizer.ggml.scores", lists.scores);
    writer.boolean("tokenizer.ggml.add_space_prefix", false);
  }
  writer.integer("tokenizer.ggml.bos_token_id", static_cast<std::uint32_t>(golden.bos));
  writer.boolean("tokenizer.ggml.add_bos_token", golden.adds_bos);
  writer.write(folder / "tokenizer.gguf");
  return Tokenizer::load(folder / "tokenizer.gguf");
}

std::vector<std::int32_t> read_ids(const element& value) {
  std::vector<std::int32_t> ids;
  for (const auto id : value.get_array()) {
    ids.push_back(static_cast<std::int32_t>(id.get_int64().value()));
  }
  return ids;
}

class GgufTokenizerGolden : public ::testing::TestWithParam<Golden> {};

TEST_P(GgufTokenizerGolden, GivesTheIdsOfHuggingFace) {
  const testing::TempDir folder;
  const Tokenizer tokenizer = load(GetParam(), folder);
  simdjson::dom::parser parser;
  const auto cases = parser.load((kGolden / (GetParam().name + ".cases.json")).string());
  std::size_t n_cases = 0;
  for (const auto golden : cases.get_array()) {
    const std::string text(golden["text"].get_string().value());
    SCOPED_TRACE(text);
    std::vector<std::int32_t> expected = read_ids(golden["ids_no_special"].value());
    EXPECT_EQ(tokenizer.encode(text, {.add_special_tokens = false}), expected);
    if (GetParam().adds_bos) expected.insert(expected.begin(), GetParam().bos);
    EXPECT_EQ(tokenizer.encode(text), expected);
    EXPECT_EQ(tokenizer.decode(read_ids(golden["ids_no_special"].value())),
              golden["decoded"].get_string().value());
    ++n_cases;
  }
  EXPECT_GE(n_cases, 20U);
}

INSTANTIATE_TEST_SUITE_P(Golden, GgufTokenizerGolden,
                         ::testing::Values(Golden{"gpt2", "gpt2", "gpt-2", 50256, false},
                                           Golden{"llama3", "gpt2", "llama-bpe", 128000, true},
                                           Golden{"qwen3", "gpt2", "qwen2", 151643, false},
                                           Golden{"gemma2", "llama", "", 2, true}),
                         [](const auto& test) { return test.param.name; });

// Its tokenizer.json does not split numbers before BPE, the GGUF file's own keys do.
TEST(GgufTokenizerGolden, SplitsSmolLm2NumbersAsTheFileSays) {
  const testing::TempDir folder;
  const Tokenizer tokenizer = load({"smollm2", "gpt2", "smollm", 1, false}, folder);
  simdjson::dom::parser parser;
  const auto cases = parser.load((kGolden / "smollm2.cases.json").string());
  std::size_t n_different = 0;
  for (const auto golden : cases.get_array()) {
    const std::string text(golden["text"].get_string().value());
    n_different += static_cast<std::size_t>(tokenizer.encode(text) !=
                                            read_ids(golden["ids_no_special"].value()));
  }
  EXPECT_EQ(n_different, 1U);  // that with the numerals ① ² Ⅳ
}

}  // namespace
}  // namespace circuit
