#include "tracer/text/unigram.h"

#include <cmath>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::message_of;
using Ids = std::vector<std::int32_t>;
using Pieces = std::vector<std::pair<std::string, double>>;

// Token 0 is unknown, the pieces follow.
Unigram make_unigram(const Pieces& pieces, UnigramOptions options = {.unknown_score = -20}) {
  Vocabulary vocabulary;
  vocabulary.add("<unk>", 0);
  std::vector<UnigramPiece> scored;
  for (const auto& [text, score] : pieces) {
    scored.push_back({vocabulary.size(), score});
    vocabulary.add(text, vocabulary.size());
  }
  return {std::move(vocabulary), scored, options};
}

Ids encode(const Unigram& model, std::string_view word) {
  Ids ids;
  model.encode(word, ids);
  return ids;
}

// The rule itself: of all segmentations the highest sum.
std::optional<double> best_sum_slowly(const Pieces& pieces, std::string_view word) {
  if (word.empty()) return 0;
  std::optional<double> best;
  for (const auto& [text, score] : pieces) {
    if (!word.starts_with(text)) continue;
    const auto rest = best_sum_slowly(pieces, word.substr(text.size()));
    if (rest && (!best || *best < *rest + score)) best = *rest + score;
  }
  return best;
}

TEST(Unigram, FindsTheBestOfAllSegmentations) {
  const Pieces pieces = {{"a", -2},    {"b", -3},   {"c", -2.5},  {"ab", -4},
                         {"bc", -4.5}, {"abc", -6}, {"ca", -4.7}, {"aa", -3.9}};
  const Unigram model = make_unigram(pieces);
  std::mt19937 random(5);
  for (int i = 0; i < 500; ++i) {
    std::string word;
    for (std::size_t length = random() % 12; length > 0; --length) word += "abc"[random() % 3];
    std::string text;
    double sum = 0;
    for (const std::int32_t id : encode(model, word)) {
      text += pieces.at(static_cast<std::size_t>(id) - 1).first;
      sum += pieces.at(static_cast<std::size_t>(id) - 1).second;
    }
    EXPECT_EQ(text, word);
    EXPECT_NEAR(sum, best_sum_slowly(pieces, word).value(), 1e-9) << word;
  }
}

TEST(Unigram, WritesNeighbouringUnknownCharactersAsOne) {
  const Unigram model = make_unigram({{"a", -1}, {"\u4E00\u4E8C", -2}});
  EXPECT_EQ(encode(model, "?a\u00E9?a"), (Ids{0, 1, 0, 1}));
  EXPECT_EQ(encode(model, "a??"), (Ids{1, 0}));
  EXPECT_EQ(encode(model, "\u4E00\u4E8C\u4E8C\u4E00"), (Ids{2, 0}));
  EXPECT_EQ(encode(model, ""), Ids{});
}

TEST(Unigram, WritesUnknownCharactersAsBytesWhereAllHaveTokens) {
  Vocabulary vocabulary;
  vocabulary.add("<unk>", 0);
  vocabulary.add("<0xC3>", 1);
  vocabulary.add("<0xA9>", 2);
  vocabulary.add("a", 3);
  const Unigram model(std::move(vocabulary), {{3, -1}},
                      {.unknown_score = -20, .byte_fallback = true});
  EXPECT_EQ(encode(model, "a\u00E9a\u00E8"), (Ids{3, 1, 2, 3, 0}));
}

TEST(Unigram, AddsInTheAskedPrecision) {
  // Near 2^24 floats are whole numbers: "ab" rounds up there, and "a", "b" is no better any more.
  const Pieces pieces = {{"a", -16777216}, {"b", -0.5}, {"ab", -16777216.75}};
  EXPECT_EQ(encode(make_unigram(pieces, {.unknown_score = -1e9}), "ab"), (Ids{1, 2}));
  EXPECT_EQ(encode(make_unigram(pieces, {.unknown_score = -1e9, .single_precision = true}), "ab"),
            (Ids{3}));
}

TEST(Unigram, NamesWhatIsDamaged) {
  EXPECT_EQ(message_of<std::invalid_argument>([] {
              (void)make_unigram({{"a", NAN}});
            }),
            "[build_unigram] the score of token 1 is not finite");
  EXPECT_EQ(message_of<std::invalid_argument>([] { (void)make_unigram({}, {.unknown_id = 3}); }),
            "[build_unigram] the unknown token 3 is not in the vocabulary");
  Vocabulary vocabulary;
  vocabulary.add("<unk>", 0);
  EXPECT_EQ(message_of<std::invalid_argument>([&] {
              Unigram(vocabulary, {{1, 0}}, {});
            }),
            "[build_unigram] token 1 has no text");
}

}  // namespace
}  // namespace circuit
