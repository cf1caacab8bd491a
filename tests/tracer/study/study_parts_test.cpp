// Texts with places, tables, roles and the choice of features.
#include <algorithm>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"
#include "tracer/study/csv.h"
#include "tracer/study/place_text.h"
#include "tracer/study/roles.h"
#include "tracer/study/study_changes.h"
#include "tracer/study/supernode_choice.h"

namespace circuit {
namespace {

using ::circuit::testing::message_of;
using ::circuit::testing::TempDir;
using ::circuit::testing::write_text;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

PromptEntry prompt_of(const std::string& id, const std::string& text,
                      std::map<std::string, std::string> fields) {
  PromptEntry prompt{.id = id};
  prompt.prompt = text;
  prompt.fields = std::move(fields);
  return prompt;
}

TEST(PlaceText, FillsPlaces) {
  const PromptEntry a = prompt_of("a", "", {{"x", "1"}}), b = prompt_of("b", "", {{"x", "2"}});
  EXPECT_EQ(fill_places("{from.x}{x}-{to.x} {strength}", {&a, &b, 1.5}), "11-2 1.5");
  EXPECT_EQ(fill_places("plain", {}), "plain");
  EXPECT_THAT(fields_of("{from.x} {to.y} {z} {strength}", "from"), ElementsAre("x", "z"));
  for (const char* const bad : {"{to.y}", "{from.x", "{strength}"}) {
    EXPECT_THROW(fill_places(bad, {&a, &b, {}}), std::invalid_argument) << bad;
  }
}

TEST(Csv, ReadsQuotedFields) {
  const TempDir folder;
  write_text(folder / "t.csv", "a,b\r\n\"1, \"\"2\"\"\n3\",4\r\n\r\n5,\n");
  const CsvTable table = read_csv(folder / "t.csv");
  EXPECT_THAT(table.columns, ElementsAre("a", "b"));
  EXPECT_THAT(table.rows, ElementsAre(ElementsAre("1, \"2\"\n3", "4"), ElementsAre("5", "")));
  EXPECT_EQ(csv_line(table.rows[0]), "\"1, \"\"2\"\"\n3\",4\n");
}

TEST(Csv, NamesTheLineOfWhatIsWrong) {
  const TempDir folder;
  const auto error_of = [&](const std::string& text) {
    write_text(folder / "t.csv", text);
    return message_of<std::runtime_error>([&] { read_csv(folder / "t.csv"); });
  };
  EXPECT_THAT(error_of("a,b\n1\n"), HasSubstr("t.csv:2: has 1 fields, expected 2"));
  EXPECT_THAT(error_of("a,a\n1,2\n"), HasSubstr("t.csv:1: two columns are \"a\""));
  EXPECT_THAT(error_of("a,\n1,2\n"), HasSubstr("has no name"));
  EXPECT_THAT(error_of("a\n\"1\n"), HasSubstr("t.csv:2: a quote is never closed"));
  EXPECT_THAT(error_of("a\n\"1\"2\n"), HasSubstr("behind a quoted field"));
  EXPECT_THAT(error_of("a\n"), HasSubstr("holds no row"));
}

TEST(SetEntry, TakesSupernodesAndFeatures) {
  const SetEntry cut = parse_set_entry("@A=x0");
  EXPECT_EQ(cut.supernode, "A");
  EXPECT_EQ(cut.edit.operation, FeatureEdit::Operation::kScale);
  const SetEntry mean = parse_set_entry("@B=meanx-2.5");
  EXPECT_TRUE(mean.mean);
  EXPECT_EQ(mean.edit.value, -2.5);
  EXPECT_EQ(parse_set_entry("@B=mean").edit.value, 1);
  EXPECT_EQ(parse_set_entry("@B+=3").edit.operation, FeatureEdit::Operation::kAdd);
  EXPECT_EQ(parse_set_entry("4_436_-1=x2").edit.feature, 436);
  for (const char* const bad : {"@A", "@A=", "@A=mean2", "@A=meanx", "@A=mean:f.jsonl", "1_2=0"}) {
    EXPECT_THROW(parse_set_entry(bad), std::invalid_argument) << bad;
  }
}

// One token a word, and `<bos>`.
std::vector<std::int32_t> words(const PromptInput& input) {
  std::vector<std::int32_t> ids{0};
  std::size_t begin = 0;
  while (begin < input.prompt.size()) {
    const std::size_t end = std::min(input.prompt.find(' ', begin), input.prompt.size());
    if (end > begin) {
      ids.push_back(static_cast<std::int32_t>(
          std::hash<std::string>()(input.prompt.substr(begin, end - begin)) % 1'000'000));
    }
    begin = end + 1;
  }
  return ids;
}

TEST(Roles, AreTheLastTokenOfAFieldsText) {
  const std::vector<PromptEntry> prompts = {
      prompt_of("a", "the capital of New York is", {{"state", " New York"}, {"hidden", "Albany"}}),
      prompt_of("b", "5 plus 15 plus 15 =", {{"a", "15"}, {"b", "15"}, {"c", "5"}})};
  const Roles roles(prompts, {"state", "hidden", "last", "a", "b", "c"}, words);
  EXPECT_EQ(roles.find(0, "state"), 5);
  EXPECT_EQ(roles.find(0, "hidden"), std::nullopt);
  EXPECT_EQ(roles.find(0, "last"), 6);
  EXPECT_EQ(roles.find(1, "a"), 3);
  EXPECT_EQ(roles.find(1, "b"), 5);
  EXPECT_EQ(roles.find(1, "c"), 1);
  EXPECT_EQ(roles.n_positions(1), 7);
}

TEST(Roles, ACutInsideATokenIsThatToken) {
  const std::vector<PromptEntry> prompts = {
      prompt_of("a", "go to Dallasite now", {{"city", "Dallas"}})};
  EXPECT_EQ(Roles(prompts, {"city"}, words).find(0, "city"), 3);
}

// Feature 1 fires with the value, 2 with all, 3 with others; 4 runs straight to the target.
TEST(SupernodeChoice, PrefersWhatOtherValuesLack) {
  const std::vector<PromptEntry> prompts = {prompt_of("0", "a x", {{"f", "v"}, {"g", "1"}}),
                                            prompt_of("1", "a y", {{"f", "v"}, {"g", "2"}}),
                                            prompt_of("2", "a z", {{"f", "w"}, {"g", "3"}}),
                                            prompt_of("3", "a u", {{"f", "v"}, {"g", "1"}}),
                                            prompt_of("4", "a t", {{"g", "4"}})};
  SelectRule rule{.field = "f", .value = "v", .exclude_same = {"g"}};
  const std::size_t tested[] = {0};
  const ChoicePrompts chosen = find_choice_prompts(prompts, rule, "v", tested, 0);
  EXPECT_THAT(chosen.with, ElementsAre(1));   // 3 shares g with the tested one
  EXPECT_THAT(chosen.other, ElementsAre(2));  // 4 has no such field
  const Roles roles(prompts, {"last"}, words);
  const std::vector<TracedFeature> with = {{0, 2, 1, 2.0f, 0.5, 0.1},
                                           {0, 2, 2, 9.0f, 0.4, 0.0},
                                           {0, 1, 7, 9.0f, 0.9, 0.0},
                                           {1, 2, 4, 1.0f, 0.6, 0.9}};
  const std::vector<TracedFeature> other = {{0, 2, 2, 1.0f, 0.5, 0.0}, {0, 2, 3, 1.0f, 0.5, 0.0}};
  const TracedPrompts traced = [&](std::size_t prompt) -> const std::vector<TracedFeature>& {
    return prompt == 1 ? with : other;
  };
  const auto features = [](const std::vector<SupernodeMember>& members) {
    std::vector<std::int64_t> list;
    for (const SupernodeMember& member : members) list.push_back(member.feature);
    return list;
  };
  const auto members = choose_by_influence(rule, chosen, roles, traced);
  EXPECT_THAT(features(members), ElementsAre(4, 1));
  EXPECT_EQ(members[1].mean, 2);
  EXPECT_EQ(members[1].score, 0.5);
  rule.exclude_direct = 0.5;
  EXPECT_THAT(features(choose_by_influence(rule, chosen, roles, traced)), ElementsAre(1));
  rule.layers = LayerRange{1, 1};
  EXPECT_THAT(features(choose_by_influence(rule, chosen, roles, traced)), ElementsAre());
  rule.layers.reset();
  const auto by_activation = choose_by_activation(
      rule, chosen, roles, traced, 2,
      [](std::int64_t layer, std::int64_t) { return static_cast<double>(layer + 1); });
  EXPECT_THAT(features(by_activation), ElementsAre(2, 1));  // 9, 2; feature 4: 1 · 2
}

TEST(SupernodeChoice, DrawsFewerPromptsBySeed) {
  std::vector<PromptEntry> prompts;
  for (int i = 0; i < 40; ++i) prompts.push_back(prompt_of(std::to_string(i), "a", {{"f", "v"}}));
  SelectRule rule{.field = "f", .value = "v", .most_prompts = 5};
  const std::size_t tested[] = {3};
  const auto a = find_choice_prompts(prompts, rule, "v", tested, 0).with;
  EXPECT_EQ(a.size(), 5u);
  EXPECT_TRUE(std::ranges::is_sorted(a));
  EXPECT_EQ(a, find_choice_prompts(prompts, rule, "v", tested, 0).with);
  EXPECT_NE(a, find_choice_prompts(prompts, rule, "v", tested, 1).with);
}

}  // namespace
}  // namespace circuit
