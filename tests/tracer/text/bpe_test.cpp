#include "tracer/text/bpe.h"

#include <algorithm>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit {
namespace {

using Ids = std::vector<std::int32_t>;

// The letters a to d (0 to 3) and the merges, each with a token of its own.
Bpe make_bpe(const std::vector<std::pair<std::string, std::string>>& merges,
             const BpeOptions& options = {}) {
  Vocabulary vocabulary;
  std::int32_t id = 0;
  for (const std::string_view letter : {"a", "b", "c", "d"}) vocabulary.add(letter, id++);
  for (const auto& [left, right] : merges) {
    if (vocabulary.add(left + right, id)) ++id;
  }
  Bpe bpe(std::move(vocabulary), options);
  for (const auto& [left, right] : merges) bpe.add_merge(left, right);
  return bpe;
}

Ids encode(const Bpe& bpe, std::string_view word) {
  Ids ids;
  bpe.encode(word, ids);
  return ids;
}

// The rule itself: again and again the first merge of the list at its first place.
Ids encode_slowly(const Bpe& bpe, const std::vector<std::pair<std::string, std::string>>& merges,
                  std::string_view word) {
  std::vector<std::string> tokens;
  for (const char c : word) tokens.emplace_back(1, c);
  for (bool merged = true; merged;) {
    merged = false;
    for (const auto& [left, right] : merges) {
      for (std::size_t i = 0; i + 1 < tokens.size() && !merged; ++i) {
        if (tokens[i] != left || tokens[i + 1] != right) continue;
        tokens[i] += tokens[i + 1];
        tokens.erase(tokens.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        merged = true;
      }
      if (merged) break;
    }
  }
  Ids ids;
  for (const std::string& token : tokens) ids.push_back(bpe.vocabulary().find(token));
  return ids;
}

TEST(Bpe, EqualsTheRuleForWordsOfEveryLength) {
  const std::vector<std::pair<std::string, std::string>> merges = {
      {"b", "c"}, {"a", "a"}, {"a", "b"},   {"bc", "d"},  {"aa", "aa"},
      {"d", "a"}, {"c", "c"}, {"ab", "ab"}, {"da", "aa"}, {"aaaa", "b"}};
  const Bpe bpe = make_bpe(merges);
  std::mt19937 random(7);
  for (std::size_t length = 0; length < 3 * Bpe::kMaxScanned; ++length) {
    for (int repeat = 0; repeat < 5; ++repeat) {
      std::string word;
      for (std::size_t i = 0; i < length; ++i) word += "aabcd"[random() % 5];
      EXPECT_EQ(encode(bpe, word), encode_slowly(bpe, merges, word)) << word;
    }
  }
}

TEST(Bpe, AppendsBehindWhatIsThere) {
  const Bpe bpe = make_bpe({{"a", "b"}});
  Ids ids = {0};
  bpe.encode("b", ids);
  EXPECT_EQ(ids, (Ids{0, 1}));
  ids = {0};
  bpe.encode(std::string(100, 'b'), ids);
  EXPECT_EQ(ids.size(), 101U);
  EXPECT_EQ(ids[0], 0);
}

TEST(Bpe, CountsTheLastOfEqualMerges) {
  const Bpe bpe = make_bpe({{"a", "b"}, {"b", "c"}, {"a", "b"}});
  EXPECT_EQ(encode(bpe, "abc"), (Ids{0, 5}));
}

TEST(Bpe, FallsBackToBytesThatHaveTokens) {
  Vocabulary vocabulary;
  vocabulary.add("a", 0);
  vocabulary.add("<0xC3>", 1);
  vocabulary.add("<0xA9>", 2);
  vocabulary.add("?", 3);
  const Bpe bpe(std::move(vocabulary), {.unknown_id = 3, .byte_fallback = true});
  EXPECT_EQ(encode(bpe, "a\u00E9\u00E8"), (Ids{0, 1, 2, 3}));
  // Unknown tokens wait for the next known character: so does Hugging Face's library.
  EXPECT_EQ(encode(bpe, "\u00E8\u00E9a"), (Ids{1, 2, 3, 0}));
}

TEST(Bpe, NamesPartsThatAreNoToken) {
  Bpe bpe = make_bpe({});
  EXPECT_EQ(testing::message_of<std::invalid_argument>([&] { bpe.add_merge("x", "a"); }),
            "[add_merge] \"x\" is not in the vocabulary");
  EXPECT_EQ(testing::message_of<std::invalid_argument>([&] { bpe.add_merge("a", "b"); }),
            "[add_merge] \"ab\" is not in the vocabulary");
}

}  // namespace
}  // namespace circuit
