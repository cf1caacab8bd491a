#include "tracer/text/feature_edit.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit::testing {
namespace {

using Operation = FeatureEdit::Operation;

EditRange range_of(const std::string& text, std::int64_t n = 10, NamedPositions named = {}) {
  return resolve(parse_feature_edit(text), n, named, 1);
}

std::string error_of(const std::string& text) {
  return message_of<std::invalid_argument>([&] { parse_feature_edit(text); });
}

TEST(FeatureEdit, ReadsNodeOperationAndValue) {
  const FeatureEdit set = parse_feature_edit("20_15589_-1=-2.5");
  EXPECT_EQ(set.layer, 20);
  EXPECT_EQ(set.feature, 15589);
  EXPECT_EQ(set.operation, Operation::kSet);
  EXPECT_EQ(set.value, -2.5);
  EXPECT_EQ(parse_feature_edit("1_2_3=x-2").operation, Operation::kScale);
  EXPECT_EQ(parse_feature_edit("1_2_3=x-2").value, -2);
  EXPECT_EQ(parse_feature_edit("1_2_3+=1e1").operation, Operation::kAdd);
  EXPECT_EQ(parse_feature_edit("1_2_3+=1e1").value, 10);
}

TEST(FeatureEdit, TakesValuesFromOtherTextsAndFiles) {
  const FeatureEdit from = parse_feature_edit("1_2_3=from:a = b@c.com is@-2");
  EXPECT_EQ(from.operation, Operation::kFrom);
  EXPECT_EQ(from.source, "a = b@c.com is");
  EXPECT_EQ(from.source_position, -2);
  const FeatureEdit mean = parse_feature_edit("1_2_*=mean:my prompts.jsonl");
  EXPECT_EQ(mean.operation, Operation::kMean);
  EXPECT_EQ(mean.source, "my prompts.jsonl");
}

TEST(FeatureEdit, FindsItsPositionsInThePrompt) {
  constexpr std::int64_t kEndless = std::numeric_limits<std::int64_t>::max();
  const auto expect = [](const EditRange& range, std::int64_t begin, std::int64_t end) {
    EXPECT_EQ(range.begin, begin);
    EXPECT_EQ(range.end, end);
  };
  expect(range_of("1_2_7=0"), 7, 8);
  expect(range_of("1_2_-1=0"), 9, 10);
  expect(range_of("1_2_3..5=0"), 3, 6);
  expect(range_of("1_2_-3..-1=0"), 7, 10);
  expect(range_of("1_2_3..=0"), 3, kEndless);
  expect(range_of("1_2_*=0"), 1, kEndless);
  const NamedPositions named = {.last_prompt = 6, .response = {7, 10}};
  expect(range_of("1_2_last_prompt=0", 10, named), 6, 7);
  expect(range_of("1_2_response=0", 10, named), 7, kEndless);
}

TEST(FeatureEdit, RefusesPositionsThatThePromptDoesNotHave) {
  const auto error = [](const std::string& text) {
    return message_of<std::invalid_argument>([&] { range_of(text); });
  };
  EXPECT_EQ(error("1_2_10=0"), "--set '1_2_10=0': the prompt has positions 0 to 9");
  EXPECT_EQ(error("1_2_3..12=0"), "--set '1_2_3..12=0': the prompt has positions 0 to 9");
  EXPECT_EQ(error("1_2_0=0"),
            "--set '1_2_0=0': position 0 carries no features, expected 1 or more");
  EXPECT_EQ(error("1_2_-11=0"),
            "--set '1_2_-11=0': position -1 carries no features, expected 1 or more");
}

TEST(FeatureEdit, SaysWhatIsWrongWithTheText) {
  const std::string expected =
      ", expected LAYER_FEATURE_POSITION with =VALUE, =xFACTOR, +=VALUE, =mean:FILE or "
      "=from:TEXT@POSITION, such as 4_436_-1=x2";
  EXPECT_EQ(error_of("1_2_3"), "--set '1_2_3': there is no value" + expected);
  EXPECT_EQ(error_of("=3"), "--set '=3': there is no value" + expected);
  EXPECT_EQ(error_of("a_2_3=1"), "--set 'a_2_3=1': 'a' is no layer" + expected);
  EXPECT_EQ(error_of("1_-2_3=1"), "--set '1_-2_3=1': '-2' is no feature" + expected);
  EXPECT_EQ(error_of("1_2=1"), "--set '1_2=1': '2' is no feature" + expected);
  EXPECT_EQ(error_of("1_2_q=1"), "--set '1_2_q=1': 'q' is no position" + expected);
  EXPECT_EQ(error_of("1_2_5..3=1"),
            "--set '1_2_5..3=1': '5..3' is no range of positions" + expected);
  EXPECT_EQ(error_of("1_2_3=xy"), "--set '1_2_3=xy': 'y' is no finite number" + expected);
  EXPECT_EQ(error_of("1_2_3=mean:"),
            "--set '1_2_3=mean:': there is no file behind mean:" + expected);
  for (const char* text : {"1_2_3=from:a b", "1_2_3=from:a b@", "1_2_3=from:@2"}) {
    EXPECT_EQ(error_of(text), "--set '" + std::string(text) +
                                  "': there is no TEXT@POSITION behind from:" + expected);
  }
  EXPECT_EQ(error_of("1_2_3=nan"), "--set '1_2_3=nan': 'nan' is no finite number" + expected);
}

TEST(FeatureEdit, NamesEditsThatOverlap) {
  const std::vector<FeatureEdit> edits = {parse_feature_edit("1_2_3..5=0"),
                                          parse_feature_edit("1_2_5=x2"),
                                          parse_feature_edit("1_3_5=x2")};
  std::vector<EditRange> ranges;
  for (const FeatureEdit& edit : edits) ranges.push_back(resolve(edit, 10, {}, 1));
  EXPECT_THAT(find_overlaps(edits, ranges),
              ::testing::ElementsAre("--set '1_2_5=x2' takes the place of --set '1_2_3..5=0' where "
                                     "both name a position"));
}

}  // namespace
}  // namespace circuit::testing
