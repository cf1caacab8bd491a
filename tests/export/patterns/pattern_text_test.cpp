#include "export/patterns/pattern_text.h"

#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/small_graph.h"
#include "tests/support/synthetic_attention.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

const std::vector<std::string> kTokens{"<s>", " le", " petit"};

TEST(PatternText, NamesTokensInOneLine) {
  EXPECT_EQ(token_label(" petit", 12), "petit");
  EXPECT_EQ(token_label(" ", 12), "␣");
  EXPECT_EQ(token_label("", 12), "␣");
  EXPECT_EQ(token_label("a\nb", 12), "a⏎b");
  EXPECT_EQ(token_label("abcdefgh", 4), "abc…");
}

TEST(PatternText, WritesShares) {
  EXPECT_EQ(percent_text(0.974), "97 %");
  EXPECT_EQ(percent_text(0.0052), "0.5 %");
  EXPECT_EQ(percent_text(0), "0 %");
  EXPECT_EQ(percent_text(1), "100 %");
}

TEST(PatternText, WritesSignedNumbersWithThreeDigits) {
  EXPECT_EQ(signed_text(1.239), "+1.24");
  EXPECT_EQ(signed_text(-0.3055), "−0.305");
  EXPECT_EQ(signed_text(12.345), "+12.3");
  EXPECT_EQ(signed_text(-1234.5), "−1234");
}

TEST(PatternText, NamesSources) {
  AttributionGraph graph = testing::small_graph();
  graph.add_feature_labels({{{0, 1}, {"small", "test"}}});
  const Node feature{NodeKind::kFeature, 0, 2, 1};
  EXPECT_EQ(source_text(feature, kTokens, &graph), "L0/1 at 2 small");
  EXPECT_EQ(source_text(feature, kTokens, nullptr), "L0/1 at 2");
  EXPECT_EQ(source_text(Node{NodeKind::kError, 4, 1, -1}, kTokens, &graph), "error L4 at 1");
  EXPECT_EQ(source_text(Node{NodeKind::kToken, -1, 2, 7}, kTokens, &graph), "token “petit” (2)");
  EXPECT_EQ(source_text(std::nullopt, kTokens, &graph), "biases");
}

TEST(PatternText, SaysWhereAHeadLooks) {
  ScoreTable table;
  table.cell = {.head = {3, 2}, .query = 2, .key = 1};
  table.weight = 0.97;
  EXPECT_EQ(cell_text(table, kTokens), "“petit” (2) looks at “le” (1), 97 %");
  table.cell.other_key = 0;
  table.other_weight = 0.013;
  EXPECT_EQ(cell_text(table, kTokens),
            "“petit” (2) looks at “le” (1), 97 %, not at “<s>” (0), 1.3 %");
}

TEST(PatternText, SaysWhatAScoreIsTheSumOf) {
  ScoreTable table;
  table.score = 4.21;
  table.n_query_sources = 3;
  table.n_key_sources = 5;
  EXPECT_EQ(sum_text(table),
            "because of the score, +4.21, the sum of 3 × 5 terms (query side × key side):");
  table.cell.other_key = 0;
  table.soft_cap = 50;
  EXPECT_EQ(sum_text(table),
            "because of the difference of scores, +4.21, the sum of 3 × 5 terms (query side × key "
            "side), capped after it:");
}

TEST(PatternText, TakesTheLargestTermsOfEachSign) {
  ScoreTable table;
  for (const double value : {0.1, -3.0, 2.0, -0.2, 1.0, -1.0}) {
    table.terms.push_back({std::nullopt, std::nullopt, value});
  }
  std::vector<double> values;
  for (const ScoreTerm& term : largest_terms(table, 2)) values.push_back(term.value);
  EXPECT_EQ(values, (std::vector<double>{-3, 2, 1, -1}));
  EXPECT_EQ(largest_terms(table, 0).size(), 0U);
}

TEST(PatternText, ChecksWhatItIsGiven) {
  const AttentionPatterns good = testing::synthetic_patterns(2, 3, 3);
  const auto message = [](const AttentionPatterns& patterns, std::vector<std::string> tokens,
                          const PatternOptions& options) {
    return testing::message_of<std::invalid_argument>(
        [&] { check_patterns(patterns, tokens, options, "test"); });
  };
  EXPECT_EQ(message(good, kTokens, {}), "nothing was thrown");
  EXPECT_EQ(message(good, {"a"}, {}), "[test] 1 tokens for 3 positions");
  EXPECT_EQ(message({}, {}, {}), "[test] no position or no head, expected at least one of each");
  AttentionPatterns bad = good;
  bad.weights.pop_back();
  EXPECT_EQ(message(bad, kTokens, {}), "[test] 53 weights, expected 54");
  bad = good;
  bad.weights[1] = -0.5F;
  EXPECT_EQ(message(bad, kTokens, {}), "[test] a weight is -0.5, expected 0 to 1");
  bad.weights[1] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(message(bad, kTokens, {}), "[test] a weight is null, expected 0 to 1");
  EXPECT_EQ(message(good, kTokens, {.heads = {{2, 0}}}),
            "[test] head 2.0, expected layers 0 to 1 and heads 0 to 2");
  EXPECT_EQ(message(good, kTokens, {.heads = {{0, -1}}}),
            "[test] head 0.-1, expected layers 0 to 1 and heads 0 to 2");
  ScoreTable table;
  table.cell = {.head = {1, 1}, .query = 3, .key = 0};
  EXPECT_EQ(message(good, kTokens, {.tables = {table}}),
            "[test] a score of head 1.1 at position 3, expected 0 to 2");
  table.cell.query = 0;
  table.terms.push_back({Node{NodeKind::kToken, -1, 9, 0}, std::nullopt, 1});
  EXPECT_EQ(message(good, kTokens, {.tables = {table}}),
            "[test] a score of head 1.1 at position 9, expected 0 to 2");
}

}  // namespace
}  // namespace circuit
