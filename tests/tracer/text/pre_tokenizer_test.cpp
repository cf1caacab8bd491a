#include "tracer/text/pre_tokenizer.h"

#include <gtest/gtest.h>

namespace circuit {
namespace {

// The words, joined by bars.
std::string split(std::string_view text, std::vector<PreTokenizerStep> steps) {
  std::deque<std::string> storage;
  std::string result;
  for (const std::string_view word :
       PreTokenizer(std::move(steps)).split(text, /*is_beginning=*/true, storage)) {
    result += (result.empty() ? "" : "|") + std::string(word);
  }
  return result;
}

std::string split_digits(SplitBehavior behavior, bool is_inverted = false) {
  std::vector<PreTokenizerStep> steps(1);
  steps[0].pattern = Regex::from_pattern(R"(\d)");
  steps[0].behavior = behavior;
  steps[0].is_inverted = is_inverted;
  return split("1ab23c", std::move(steps));
}

// Expected: Hugging Face's `tokenizers` 0.23.
TEST(PreTokenizer, TreatsMatchesAsTheirBehaviorSays) {
  EXPECT_EQ(split_digits(SplitBehavior::kIsolated), "1|ab|2|3|c");
  EXPECT_EQ(split_digits(SplitBehavior::kRemoved), "ab|c");
  EXPECT_EQ(split_digits(SplitBehavior::kMergedWithPrevious), "1|ab2|3|c");
  EXPECT_EQ(split_digits(SplitBehavior::kMergedWithNext), "1ab|2|3c");
  EXPECT_EQ(split_digits(SplitBehavior::kContiguous), "1|ab|23|c");
}

TEST(PreTokenizer, ExchangesMatchesAndGapsWhenInverted) {
  EXPECT_EQ(split_digits(SplitBehavior::kRemoved, /*is_inverted=*/true), "1|2|3");
  EXPECT_EQ(split_digits(SplitBehavior::kMergedWithPrevious, /*is_inverted=*/true), "1ab|2|3c");
}

TEST(PreTokenizer, PutsASpaceBeforeTextWithoutOne) {
  std::vector<PreTokenizerStep> steps(1);
  steps[0].prefix = " ";
  EXPECT_EQ(split("a", std::move(steps)), " a");
  steps = std::vector<PreTokenizerStep>(1);
  steps[0].prefix = " ";
  EXPECT_EQ(split(" a", std::move(steps)), " a");
}

TEST(PreTokenizer, PutsAPrefixOnlyBeforeTheWholeTextWhenAsked) {
  const auto split_words = [](bool is_beginning, std::string_view text) {
    std::vector<PreTokenizerStep> steps(2);
    steps[0].pattern = Regex::from_literal("-");
    steps[0].behavior = SplitBehavior::kRemoved;
    steps[1].space = "_";
    steps[1].prefix = "_";
    steps[1].prefixes_all = false;
    const PreTokenizer pre_tokenizer(std::move(steps));
    EXPECT_TRUE(pre_tokenizer.asks_for_beginning());
    std::deque<std::string> storage;
    std::string joined;
    for (const auto word : pre_tokenizer.split(text, is_beginning, storage)) {
      joined.append(joined.empty() ? "" : "|").append(word);
    }
    return joined;
  };
  EXPECT_EQ(split_words(/*is_beginning=*/true, "a b-c"), "_a_b|c");
  EXPECT_EQ(split_words(/*is_beginning=*/false, "a b-c"), "a_b|c");
  EXPECT_EQ(split_words(/*is_beginning=*/true, "-a-b"), "a|b");
  EXPECT_EQ(split_words(/*is_beginning=*/true, " a"), "_a");
}

TEST(PreTokenizer, LeavesOnlyTheLastStepsBytesToItsCaller) {
  std::vector<PreTokenizerStep> steps(2);
  steps[0].to_byte_characters = true;
  steps[1].pattern = Regex::from_literal("\u0120");
  steps[1].behavior = SplitBehavior::kMergedWithNext;
  EXPECT_EQ(split("a b", std::move(steps)), "a|\u0120b");
  std::vector<PreTokenizerStep> last(1);
  last[0].to_byte_characters = true;
  EXPECT_TRUE(PreTokenizer(std::move(last)).leaves_bytes());
  EXPECT_FALSE(PreTokenizer({}).leaves_bytes());
}

TEST(PreTokenizer, KeepsTextWholeWithoutSteps) { EXPECT_EQ(split("a b", {}), "a b"); }

}  // namespace
}  // namespace circuit
