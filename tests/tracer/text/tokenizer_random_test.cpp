// 100,000 random texts for each tokenizer of tests/golden: ids and decoded texts equal to those of
// Hugging Face's `tokenizers`, of which tests/golden/make_random_ids.py keeps hashes.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <xxhash.h>

#include "tests/support/gunzip.h"
#include "tests/support/random_texts.h"
#include "tests/support/temp_dir.h"
#include "tracer/text/tokenizer.h"

namespace circuit {
namespace {

const std::filesystem::path kGolden = CIRCUIT_GOLDEN_DIR;
constexpr std::uint64_t kTextsPerLine = 100;

Tokenizer load_golden(const std::string& name) {
  const testing::TempDir folder;
  testing::write_text(folder / "tokenizer.json",
                      testing::gunzip(kGolden / "tokenizers" / (name + ".tokenizer.json.gz")));
  return Tokenizer::load(folder.path());
}

std::vector<std::string> read_lines(const std::string& name) {
  std::ifstream file(kGolden / "tokenizers" / (name + ".random"));
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

void append_number(std::string& bytes, std::size_t number) {
  for (unsigned shift = 0; shift < 32; shift += 8) {
    bytes += static_cast<char>((number >> shift) & 0xFFU);
  }
}

// The hash of line `line` as the script writes it.
std::string hash_line(const Tokenizer& tokenizer, const testing::RandomTexts& texts,
                      std::uint64_t line) {
  std::string bytes;
  for (std::uint64_t i = line * kTextsPerLine; i < (line + 1) * kTextsPerLine; ++i) {
    const auto ids = tokenizer.encode(texts.make(i), {.add_special_tokens = false});
    const std::string decoded = tokenizer.decode(ids);
    append_number(bytes, ids.size());
    for (const std::int32_t id : ids) append_number(bytes, static_cast<std::size_t>(id));
    append_number(bytes, decoded.size());
    bytes += decoded;
  }
  std::ostringstream digits;
  digits << std::hex << std::setfill('0') << std::setw(16)
         << XXH64(bytes.data(), bytes.size(), /*seed=*/0);
  return digits.str();
}

class TokenizerRandom : public ::testing::TestWithParam<std::string> {};

TEST_P(TokenizerRandom, GivesHuggingFaceIdsAndTextOnRandomTexts) {
  const testing::RandomTexts texts(kGolden / "random_texts.json");
  const Tokenizer tokenizer = load_golden(GetParam());
  const std::vector<std::string> expected = read_lines(GetParam());
  ASSERT_EQ(expected.size(), 1000U);
  std::vector<std::uint64_t> wrong;
  for (std::uint64_t line = 0; line < expected.size(); ++line) {
    if (hash_line(tokenizer, texts, line) != expected[line]) wrong.push_back(line);
  }
  EXPECT_EQ(wrong, std::vector<std::uint64_t>{}) << "lines, counted from 0";
}

INSTANTIATE_TEST_SUITE_P(Golden, TokenizerRandom,
                         ::testing::Values("gpt2", "llama3", "qwen3", "smollm2", "gemma2",
                                           "tiny-llama", "tiny-mistral", "tiny-t5", "tiny-unigram"),
                         [](const auto& name) {
                           std::string word = name.param;
                           std::ranges::replace(word, '-', '_');
                           return word;
                         });

}  // namespace
}  // namespace circuit
