#include "tracer/text/word_sections.h"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tracer/text/bpe_lists.h"

namespace circuit {
namespace {

using Ids = std::vector<std::int32_t>;

Bpe make_bpe(const BpeOptions& options) {
  const std::vector<ScoredToken> tokens = {{"<unk>", 0, false},
                                           {"<0xC3>", 0, false},
                                           {"<0xA9>", 0, false},
                                           {"a"},
                                           {"b"},
                                           {"c"},
                                           {"\u2581"},
                                           {"\u4E00"},
                                           {"ab", 3},
                                           {"\u2581a", 2},
                                           {"abb", 1},
                                           {"\u2581c", 1},
                                           {"c\u4E00", 1}};
  return bpe_from_scores(tokens, options);
}

std::vector<std::string> sections(const Bpe& bpe, std::string_view word) {
  const WordSections table(bpe);
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin < word.size();) {
    const std::size_t end = table.end(bpe, word, begin);
    parts.emplace_back(word.substr(begin, end - begin));
    begin = end;
  }
  return parts;
}

TEST(WordSections, EndWhereNoTokenGoesOn) {
  EXPECT_EQ(sections(make_bpe({}), "ab\u2581a\u2581c\u4E00c"),
            (std::vector<std::string>{"ab", "\u2581a", "\u2581c\u4E00", "c"}));
}

TEST(WordSections, KeepUnknownCharactersWithTheirNeighbours) {
  EXPECT_EQ(sections(make_bpe({}), "a?ca"), (std::vector<std::string>{"a?c", "a"}));
}

TEST(WordSections, ChangeNoId) {
  std::mt19937 random(11);
  const std::vector<std::string> characters = {"a", "b", "c",      "\u2581", "\u4E00",
                                               "?", "!", "\u00E9", "\u00E8", "\u2581"};
  for (const bool fuses : {false, true}) {
    const Bpe bpe = make_bpe({.unknown_id = 0, .fuse_unknown = fuses, .byte_fallback = true});
    ASSERT_TRUE(bpe.joins_texts_only());
    for (int i = 0; i < 2000; ++i) {
      std::string word;
      for (std::size_t n = 1 + random() % 80; n > 0; --n) word += characters[random() % 10];
      Ids whole;
      bpe.encode(word, whole);
      Ids joined;
      for (const std::string& section : sections(bpe, word)) bpe.encode(section, joined);
      EXPECT_EQ(joined, whole) << word;
    }
  }
}

TEST(WordSections, AreNotForModelsThatMergeStandIns) {
  const std::vector<std::string_view> tokens = {"<unk>", "<0xC3>", "<0xA9>", "<0xC3><0xA9>", "a"};
  const std::vector<std::string_view> merges = {"<0xC3> <0xA9>"};
  EXPECT_TRUE(bpe_from_merges(tokens, merges, {}).joins_texts_only());
  EXPECT_FALSE(bpe_from_merges(tokens, merges, {.byte_fallback = true}).joins_texts_only());
  EXPECT_FALSE(bpe_from_merges(tokens, merges, {.unknown_id = 1}).joins_texts_only());
  EXPECT_FALSE(bpe_from_merges(tokens, {}, {.ignore_merges = true}).joins_texts_only());
}

}  // namespace
}  // namespace circuit
