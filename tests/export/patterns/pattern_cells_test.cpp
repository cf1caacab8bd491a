#include "export/patterns/pattern_cells.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/synthetic_attention.h"

namespace circuit {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(PatternCells, PutsEveryWeightIntoTheStepThatItReaches) {
  for (std::size_t step = 0; step < kPatternSteps.size(); ++step) {
    EXPECT_EQ(pattern_step(kPatternSteps[step].least), step);
    EXPECT_EQ(pattern_step(kPatternSteps[step].least - 1e-9),
              step == 0 ? kPatternSteps.size() : step - 1);
  }
  EXPECT_EQ(pattern_step(0), kPatternSteps.size());
  EXPECT_EQ(pattern_step(1), kPatternSteps.size() - 1);
}

/// The cells that path data colours, drawn as a reader of SVG does.
void paint(const std::string& data, std::size_t n, std::size_t step,
           std::vector<std::size_t>& out) {
  long x = 0, y = 0;
  const char* at = data.c_str();
  char* end = nullptr;
  while (*at != '\0') {
    ASSERT_EQ(*at, 'm');
    x += std::strtol(at + 1, &end, 10);
    y += std::strtol(end, &end, 10);
    ASSERT_EQ(*end, 'h');
    const long length = std::strtol(end + 1, &end, 10);
    for (long i = 0; i < length; ++i) {
      std::size_t& cell = out.at(static_cast<std::size_t>(y) * n + static_cast<std::size_t>(x + i));
      EXPECT_EQ(cell, kPatternSteps.size()) << "twice";
      cell = step;
    }
    x += length;
    at = end;
  }
}

/// The path data of one step; empty for none.
std::string data_of(const std::string& markup, std::size_t step) {
  const std::string open = "<path class=\"s" + std::to_string(step) + "\" d=\"";
  const std::size_t start = markup.find(open);
  if (start == std::string::npos) return "";
  const std::size_t from = start + open.size();
  return markup.substr(from, markup.find('"', from) - from);
}

std::vector<std::size_t> painted(const std::string& markup, std::size_t n) {
  std::vector<std::size_t> steps(n * n, kPatternSteps.size());
  for (std::size_t step = 0; step < kPatternSteps.size(); ++step) {
    paint(data_of(markup, step), n, step, steps);
  }
  return steps;
}

TEST(PatternCells, ColoursEachCellByItsStep) {
  for (const std::size_t n : {1U, 2U, 7U, 40U}) {
    const AttentionPatterns patterns = testing::synthetic_patterns(2, 4, n);
    for (std::int32_t i = 0; i < 8; ++i) {
      const auto weights = patterns.of({i / 4, i % 4});
      for (const std::size_t first : {std::size_t{0}, std::size_t{3}, kPatternSteps.size()}) {
        const auto steps = painted(map_markup(weights, n, first, 0, 0, 2, "x"), n);
        for (std::size_t cell = 0; cell < n * n; ++cell) {
          const std::size_t step = pattern_step(static_cast<double>(weights[cell]));
          EXPECT_EQ(steps[cell], step < first ? kPatternSteps.size() : step);
        }
      }
    }
  }
}

TEST(PatternCells, CountsTheRunsThatItDraws) {
  const AttentionPatterns patterns = testing::synthetic_patterns(1, 4, 30);
  for (const std::size_t first : {0U, 2U, 6U}) {
    const std::string markup = map_markup(patterns.of({0, 3}), 30, first, 0, 0, 1, "");
    std::size_t drawn = 0;
    for (std::size_t step = 0; step < kPatternSteps.size(); ++step) {
      drawn += static_cast<std::size_t>(std::ranges::count(data_of(markup, step), 'm'));
    }
    EXPECT_GT(drawn, 0U);
    EXPECT_EQ(count_runs(patterns.of({0, 3}), 30, first), drawn);
  }
}

TEST(PatternCells, JoinsEqualNeighbours) {
  const std::vector<float> weights{1, 0, 0, 0.5F, 0.5F, 0, 0.3F, 0.3F, 0.3F};
  EXPECT_EQ(count_runs(weights, 3, 0), 3U);
  const std::string markup = map_markup(weights, 3, 0, 0, 0, 1, "a<b");
  EXPECT_THAT(markup, HasSubstr("\"m0 1h2\""));
  EXPECT_THAT(markup, HasSubstr("\"m0 2h3\""));
  EXPECT_THAT(markup, Not(HasSubstr("a<b")));
}

}  // namespace
}  // namespace circuit
