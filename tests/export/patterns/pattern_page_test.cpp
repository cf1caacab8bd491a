#include "export/patterns/pattern_page.h"

#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/export/page/page_decoder.h"
#include "tests/support/synthetic_attention.h"
#include "tests/support/synthetic_graph.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::script_of;
using testing::synthetic_patterns;

std::vector<std::string> tokens_of(std::size_t n) {
  std::vector<std::string> tokens;
  for (std::size_t i = 0; i < n; ++i) tokens.push_back(" t" + std::to_string(i));
  return tokens;
}

Json head_of(const std::string& page) { return Json::parse(script_of(page, "patterns-head")); }

TEST(PatternPage, HoldsEveryWeightUpToTheQuery) {
  const AttentionPatterns patterns = synthetic_patterns(3, 4, 7);
  const std::string page = pattern_html(patterns, tokens_of(7));
  const std::string bytes = testing::decoded_base64(script_of(page, "patterns-weights"));
  ASSERT_EQ(bytes.size(), 12U * 28U * 2U);
  std::size_t next = 0;
  for (std::int32_t head = 0; head < 12; ++head) {
    const auto weights = patterns.of({head / 4, head % 4});
    for (std::size_t query = 0; query < 7; ++query) {
      for (std::size_t key = 0; key <= query; ++key, next += 2) {
        const auto low = static_cast<unsigned char>(bytes[next]);
        const auto high = static_cast<unsigned char>(bytes[next + 1]);
        EXPECT_NEAR((low + 256 * high) / 65535.0, weights[query * 7 + key], 0.5 / 65535 + 1e-7);
      }
    }
  }
}

TEST(PatternPage, TellsSizesTokensAndTheHeadThatIsChosen) {
  const Json head =
      head_of(pattern_html(synthetic_patterns(3, 4, 2), tokens_of(2), {.heads = {{2, 1}}}));
  EXPECT_EQ(head["n_layers"], 3);
  EXPECT_EQ(head["n_heads"], 4);
  EXPECT_EQ(head["tokens"], Json({" t0", " t1"}));
  EXPECT_EQ(head["title"], " t0 t1");
  EXPECT_EQ(head["chosen"], Json({"2.1"}));
  EXPECT_EQ(head["reasons"].size(), 0U);
}

TEST(PatternPage, TakesTheReasonsAlong) {
  const AttributionGraph graph = testing::synthetic_graph();
  const auto tables =
      testing::synthetic_attention(graph, prune(graph), {.n_heads = 4, .n_tables = 3}).tables;
  const Json reasons =
      head_of(pattern_html(synthetic_patterns(6, 4, 8), graph.nodes().tokens,
                           {.tables = tables, .terms = 2, .graph = &graph}))["reasons"];
  ASSERT_EQ(reasons.size(), 3U);
  EXPECT_EQ(reasons[0]["terms"].size(), 4U);
  EXPECT_EQ(reasons[0]["query"], tables[0].cell.query);
  EXPECT_THAT(reasons[2]["cell"].get<std::string>(), HasSubstr(", not at "));
}

TEST(PatternPage, LoadsNothingAndKeepsHostileTextsInsideTheirData) {
  const auto& hostile = testing::hostile_texts();
  const std::string page = pattern_html(synthetic_patterns(1, 2, hostile.size()), hostile,
                                        {.title = "</title><script>alert(1)</script>"});
  const std::string plain = pattern_html(synthetic_patterns(1, 2, 2), tokens_of(2));
  EXPECT_THAT(page, HasSubstr("content=\"default-src 'none'; script-src 'sha256-"));
  const auto count = [](const std::string& text, std::string_view piece) {
    std::size_t found = 0;
    for (std::size_t at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1))
      ++found;
    return found;
  };
  for (const char* const piece : {"<script", "</script", "<!--", "<title", "</title"}) {
    EXPECT_EQ(count(page, piece), count(plain, piece)) << piece;
  }
  EXPECT_EQ(head_of(page)["title"], "</title><script>alert(1)</script>");
  for (const char* const loading : {"src=\"http", "href=\"http", "@import", "import(", "fetch("}) {
    EXPECT_THAT(page, Not(HasSubstr(loading)));
  }
}

TEST(PatternPage, RefusesWhatDoesNotFit) {
  EXPECT_EQ(testing::message_of<std::invalid_argument>(
                [] { pattern_html(synthetic_patterns(1, 1, 3), tokens_of(2)); }),
            "[pattern_html] 2 tokens for 3 positions");
  AttentionPatterns large;
  large.n_layers = 1;
  large.n_heads = 1;
  large.n_positions = 4001;
  large.weights.resize(4001 * 4001);
  EXPECT_EQ(
      testing::message_of<std::invalid_argument>([&] { pattern_html(large, tokens_of(4001)); }),
      "[pattern_html] 8004000 weights, expected at most 8000000; a picture has no such "
      "limit");
}

}  // namespace
}  // namespace circuit
