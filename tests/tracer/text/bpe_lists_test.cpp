#include "tracer/text/bpe_lists.h"

#include <cmath>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::message_of;
using Ids = std::vector<std::int32_t>;

Ids encode(const Bpe& bpe, std::string_view word) {
  Ids ids;
  bpe.encode(word, ids);
  return ids;
}

// The rule itself: again and again the neighbours whose joined text has the highest score.
Ids encode_slowly(const std::vector<ScoredToken>& tokens, std::string_view word) {
  const auto find = [&](const std::string& text) {
    for (std::size_t id = 0; id < tokens.size(); ++id) {
      if (tokens[id].text == text && tokens[id].is_merged) return static_cast<std::int32_t>(id);
    }
    return -1;
  };
  std::vector<std::string> parts;
  for (const char c : word) parts.emplace_back(1, c);
  while (true) {
    std::size_t best = parts.size();
    float best_score = -INFINITY;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      const std::int32_t id = find(parts[i] + parts[i + 1]);
      if (id < 0 || tokens[static_cast<std::size_t>(id)].score <= best_score) continue;
      best = i;
      best_score = tokens[static_cast<std::size_t>(id)].score;
    }
    if (best == parts.size()) break;
    parts[best] += parts[best + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
  Ids ids;
  for (const std::string& part : parts) ids.push_back(find(part));
  return ids;
}

TEST(BpeLists, MergesByScoreWhateverThePartsAre) {
  const std::vector<ScoredToken> tokens = {
      {"a", 0},   {"b", 0},    {"c", 0},   {"bc", -1},   {"ab", -2},  {"abc", -3},
      {"aa", -2}, {"aab", -4}, {"cc", -1}, {"aaaa", -5}, {"bcc", -1}, {"ca", -9, false}};
  const Bpe bpe = bpe_from_scores(tokens, {});
  std::mt19937 random(5);
  for (int i = 0; i < 2000; ++i) {
    std::string word;
    for (std::size_t length = random() % 100; length > 0; --length) word += "aabc"[random() % 4];
    EXPECT_EQ(encode(bpe, word), encode_slowly(tokens, word)) << word;
  }
}

TEST(BpeLists, DoesNotMergeControlTokens) {
  const std::vector<ScoredToken> tokens = {{"a", 0}, {"b", 0}, {"ab", 1, false}, {"aba", 0}};
  EXPECT_EQ(encode(bpe_from_scores(tokens, {}), "aba"), (Ids{0, 1, 0}));
}

TEST(BpeLists, MergesByTheOrderOfTheList) {
  const std::vector<std::string_view> tokens = {"a", "b", "c", "", "bc", "ab"};
  const std::vector<std::string_view> merges = {"b c", "a b"};
  EXPECT_EQ(encode(bpe_from_merges(tokens, merges, {}), "abcab"), (Ids{0, 4, 5}));
}

TEST(BpeLists, NamesWhatIsDamaged) {
  const std::vector<std::string_view> tokens = {"a", "b", "ab"};
  const auto complaint = [&](std::string_view merge) {
    const std::vector<std::string_view> merges = {"a b", merge};
    return message_of<std::invalid_argument>([&] { (void)bpe_from_merges(tokens, merges, {}); });
  };
  EXPECT_EQ(complaint("ab"), "[build_bpe] merge 1 is \"ab\", expected \"left right\"");
  EXPECT_EQ(complaint("a "), "[build_bpe] merge 1 is \"a \", expected \"left right\"");
  EXPECT_EQ(complaint(""), "[build_bpe] merge 1 is \"\", expected \"left right\"");
  EXPECT_EQ(complaint("b a"), "[add_merge] \"ba\" is not in the vocabulary");
  const std::vector<std::string_view> twice = {"a", "b", "a"};
  EXPECT_EQ(message_of<std::invalid_argument>([&] { (void)vocabulary_from_list(twice); }),
            "[build_vocabulary] token 2 is \"a\", as is token 0");
  const std::vector<ScoredToken> no_number = {{"a", 0}, {"b", NAN}};
  EXPECT_EQ(message_of<std::invalid_argument>([&] { (void)bpe_from_scores(no_number, {}); }),
            "[build_bpe] the score of token 1 is not a number");
}

}  // namespace
}  // namespace circuit
