#include "export/patterns/pattern_picture.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/export/xml_rules.h"
#include "tests/support/synthetic_attention.h"
#include "tests/support/synthetic_graph.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::first_xml_error;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::synthetic_patterns;
using testing::texts_of;

std::vector<std::string> tokens_of(std::size_t n) {
  std::vector<std::string> tokens;
  for (std::size_t i = 0; i < n; ++i) tokens.push_back(" t" + std::to_string(i));
  return tokens;
}

std::size_t count(const std::string& text, const std::string& piece) {
  std::size_t found = 0;
  for (std::size_t at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) {
    ++found;
  }
  return found;
}

/// Titles of maps; those of cells and of the file say more.
std::size_t maps_in(const std::string& svg) { return count(svg, "<use href=\"#later\"/>"); }

TEST(PatternPicture, DrawsAMapOfEveryHead) {
  const std::string svg = pattern_svg(synthetic_patterns(6, 4, 5), tokens_of(5));
  EXPECT_EQ(first_xml_error(svg), "");
  EXPECT_EQ(maps_in(svg), 24U);
  for (const char* const name : {"0.0", "3.2", "5.3"}) {
    EXPECT_THAT(svg, HasSubstr("<title>" + std::string(name) + "</title>"));
  }
  const std::string texts = texts_of(svg, "text");
  EXPECT_THAT(texts, HasSubstr("6 layers × 4 heads · 5 tokens"));
  EXPECT_THAT(texts, HasSubstr("white: below 0.5 %"));
  EXPECT_THAT(texts, HasSubstr("4\u00A0“t4”"));
}

TEST(PatternPicture, PutsTheLastLayerOnTop) {
  const std::string svg = pattern_svg(synthetic_patterns(6, 4, 5), tokens_of(5));
  EXPECT_LT(svg.find("<title>5.0</title>"), svg.find("<title>4.0</title>"));
  EXPECT_LT(svg.find("<title>1.3</title>"), svg.find("<title>0.0</title>"));
}

TEST(PatternPicture, StaysSmallAndSaysWhatItLeavesOut) {
  const AttentionPatterns patterns = synthetic_patterns(30, 9, 60);
  const std::string all = pattern_svg(patterns, tokens_of(60));
  EXPECT_EQ(maps_in(all), 270U);
  EXPECT_LT(all.size(), 1'500'000U);
  const std::string some = pattern_svg(patterns, tokens_of(60), {.most_runs = 40'000});
  EXPECT_LT(some.size(), all.size() / 2);
  EXPECT_THAT(some, Not(HasSubstr("class=\"s0\"")));
  EXPECT_THAT(texts_of(some, "text"), Not(HasSubstr("white: below 0.5 %")));
  EXPECT_THAT(texts_of(some, "text"), HasSubstr("white: below "));
  const std::string least = pattern_svg(patterns, tokens_of(60), {.most_runs = 0});
  EXPECT_THAT(texts_of(least, "text"), HasSubstr("white: below 70 %"));
}

TEST(PatternPicture, EnlargesTheHeadsThatAreAskedFor) {
  const AttentionPatterns patterns = synthetic_patterns(6, 4, 11);
  const std::string svg =
      pattern_svg(patterns, tokens_of(11), {.grid = false, .heads = {{3, 2}, {0, 1}}});
  EXPECT_EQ(first_xml_error(svg), "");
  EXPECT_EQ(maps_in(svg), 2U);
  EXPECT_LT(svg.find("Head 3.2"), svg.find("Head 0.1"));
  // Every token on both axes of both, and once in heading and list.
  EXPECT_EQ(count(texts_of(svg, "text"), "t10"), 6U);
  // Every cell that is drawn says what it is.
  const auto drawn = [&](const Head& head) {
    return std::ranges::count_if(patterns.of(head), [](float weight) { return weight >= 0.005F; });
  };
  EXPECT_EQ(count(svg, " looks at "), static_cast<std::size_t>(drawn({3, 2}) + drawn({0, 1})));
}

TEST(PatternPicture, DrawsALongPromptWithoutWordsForEachCell) {
  const std::string svg = pattern_svg(synthetic_patterns(2, 2, 150), tokens_of(150),
                                      {.grid = false, .heads = {{1, 1}}});
  EXPECT_EQ(first_xml_error(svg), "");
  EXPECT_EQ(count(svg, " looks at "), 0U);
  EXPECT_GT(count(svg, "<path class="), 0U);
}

struct Explained {
  AttributionGraph graph;
  std::vector<ScoreTable> tables;
};

Explained explained() {
  AttributionGraph graph = testing::synthetic_graph();
  const PrunedGraph pruned = prune(graph);
  std::vector<ScoreTable> tables =
      testing::synthetic_attention(graph, pruned, {.n_heads = 4, .n_tables = 6}).tables;
  return {std::move(graph), std::move(tables)};
}

TEST(PatternPicture, PutsTheWinningTermsBesideAnEnlargedHead) {
  const Explained of = explained();
  const ScoreTable& table = of.tables.front();
  const std::string svg = pattern_svg(synthetic_patterns(6, 4, 8), of.graph.nodes().tokens,
                                      {.grid = false,
                                       .heads = {table.cell.head},
                                       .tables = {table},
                                       .terms = 3,
                                       .graph = &of.graph});
  EXPECT_EQ(first_xml_error(svg), "");
  const std::string texts = texts_of(svg, "text");
  EXPECT_THAT(texts, HasSubstr("because of the score, "));
  EXPECT_EQ(count(texts, " × "), 1U + 2U + 6U);  // layers × heads; the sum's two; three a sign
  EXPECT_EQ(count(svg, "stroke=\"#E69F00\""), 1U);
}

TEST(PatternPicture, LeavesOutReasonsOfHeadsThatAreNotEnlarged) {
  const Explained of = explained();
  const AttentionPatterns patterns = synthetic_patterns(6, 4, 8);
  EXPECT_EQ(pattern_svg(patterns, of.graph.nodes().tokens, {.tables = of.tables}),
            pattern_svg(patterns, of.graph.nodes().tokens));
}

TEST(PatternPicture, KeepsHostileTextsText) {
  const auto& hostile = testing::hostile_texts();
  const std::size_t n = hostile.size();
  const std::string svg =
      pattern_svg(synthetic_patterns(2, 4, n), hostile,
                  {.title = "</title><script>alert(1)</script>", .heads = {{1, 3}}});
  EXPECT_EQ(first_xml_error(svg), "");
  EXPECT_EQ(count(svg, "<script"), 0U);
  EXPECT_THAT(texts_of(svg, "text"), HasSubstr("<script>alert(1)</script>"));
  const std::vector<std::string> broken{"\xFF\xFE", std::string("\0", 1), "]]>"};
  EXPECT_EQ(first_xml_error(pattern_svg(synthetic_patterns(1, 1, 3), broken)), "");
}

TEST(PatternPicture, IsTheSameForTheSameInput) {
  const AttentionPatterns patterns = synthetic_patterns(3, 3, 9);
  EXPECT_EQ(pattern_svg(patterns, tokens_of(9)), pattern_svg(patterns, tokens_of(9)));
}

TEST(PatternPicture, RefusesWhatDoesNotFit) {
  EXPECT_EQ(testing::message_of<std::invalid_argument>(
                [] { pattern_svg(synthetic_patterns(1, 1, 3), tokens_of(2)); }),
            "[pattern_svg] 2 tokens for 3 positions");
}

}  // namespace
}  // namespace circuit
