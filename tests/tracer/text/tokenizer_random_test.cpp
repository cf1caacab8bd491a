// 100,000 random texts for each tokenizer of tests/golden: ids and decoded texts are those of
// Hugging Face's `tokenizers`.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/golden_tokenizer.h"

namespace circuit {
namespace {

const std::filesystem::path kGolden = CIRCUIT_GOLDEN_DIR;

// Builds with checks take a tenth of the texts.
#ifdef NDEBUG
constexpr std::uint64_t kStep = 1;
#else
constexpr std::uint64_t kStep = 10;
#endif

std::string test_name(std::string word) {
  std::ranges::replace(word, '-', '_');
  return word;
}

class TokenizerRandom : public ::testing::TestWithParam<std::string> {};

TEST_P(TokenizerRandom, GivesHuggingFaceIdsAndTextOnRandomTexts) {
  const testing::RandomTexts texts(kGolden / "random_texts.json");
  const Tokenizer tokenizer = testing::load_golden_tokenizer(kGolden / "tokenizers", GetParam());
  const auto expected = testing::read_random_hashes(kGolden / "tokenizers", GetParam());
  ASSERT_EQ(expected.size(), 1000U);
  std::vector<std::uint64_t> wrong;
  for (std::uint64_t line = 0; line < expected.size(); line += kStep) {
    if (hash_random_texts(tokenizer, texts, line) != expected[line]) wrong.push_back(line);
  }
  EXPECT_EQ(wrong, std::vector<std::uint64_t>{}) << "lines, counted from 0";
}

INSTANTIATE_TEST_SUITE_P(Golden, TokenizerRandom,
                         ::testing::Values("gpt2", "llama3", "qwen3", "smollm2", "gemma2",
                                           "tiny-llama", "tiny-mistral", "tiny-t5", "tiny-unigram"),
                         [](const auto& name) { return test_name(name.param); });

// A tokenizer.model alone, or with a tokenizer_config.json for one of transformers' own classes.
struct ModelCase {
  std::string name;
  std::string config;
};

class SentencePieceRandom : public ::testing::TestWithParam<ModelCase> {};

TEST_P(SentencePieceRandom, GivesSentencePiecesIdsOnRandomTexts) {
  const auto& [name, config] = GetParam();
  const testing::RandomTexts texts(kGolden / "random_texts.json");
  const Tokenizer tokenizer = testing::load_golden_model(kGolden / "tokenizers", name, config);
  const auto expected = testing::read_random_hashes(kGolden / "tokenizers", name + "." + config);
  ASSERT_EQ(expected.size(), 200U);
  std::vector<std::uint64_t> wrong;
  for (std::uint64_t line = 0; line < expected.size(); line += kStep) {
    if (hash_random_ids(tokenizer, texts, line) != expected[line]) wrong.push_back(line);
  }
  EXPECT_EQ(wrong, std::vector<std::uint64_t>{}) << "lines, counted from 0";
}

INSTANTIATE_TEST_SUITE_P(
    Golden, SentencePieceRandom,
    ::testing::Values(ModelCase{"tiny-llama", "model"}, ModelCase{"tiny-gemma", "model"},
                      ModelCase{"tiny-t5", "model"}, ModelCase{"tiny-unigram", "model"},
                      ModelCase{"tiny-llama", "legacy"}, ModelCase{"tiny-llama", "first"},
                      ModelCase{"tiny-gemma", "gemma"}, ModelCase{"tiny-t5", "t5"}),
    [](const auto& test) { return test_name(test.param.name + "_" + test.param.config); });

}  // namespace
}  // namespace circuit
