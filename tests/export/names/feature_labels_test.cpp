#include "export/names/feature_labels.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/gzip_file.h"
#include "tests/support/small_graph.h"
#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::message_of;
using testing::small_graph;
using testing::TempDir;
using testing::write_text;

std::string error_of(const std::string& text) {
  const TempDir folder;
  write_text(folder / "a.jsonl", text);
  return message_of<std::runtime_error>([&] { read_labels(folder / "a.jsonl"); });
}

bool equal(const FeatureLabels& a, const FeatureLabels& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return x.first == y.first && x.second.text == y.second.text &&
           x.second.source == y.second.source;
  });
}

TEST(FeatureLabels, AreReadAsTheyWereWritten) {
  const FeatureLabels labels = {
      {{0, 1}, {"plain", "a person"}},
      {{0, 2}, {"<script>alert(\"1\")</script>\n\t\\ \x01 \xf0\x9f\x99\x82", "x"}},
      {{25, 2147483647}, {std::string(kLongestLabel, 'x'), ""}}};
  const TempDir folder;
  write_text(folder / "a.jsonl", labels_jsonl(labels));
  EXPECT_TRUE(equal(read_labels(folder / "a.jsonl"), labels));
  testing::write_gzip(folder / "a.jsonl.gz", labels_jsonl(labels));
  EXPECT_TRUE(equal(read_labels(folder / "a.jsonl.gz"), labels));
}

TEST(FeatureLabels, AreWrittenInOrder) {
  EXPECT_EQ(labels_jsonl({{{1, 2}, {"b", "s"}}, {{0, 7}, {"a", "s"}}}),
            "{\"layer\":0,\"feature\":7,\"text\":\"a\",\"source\":\"s\"}\n"
            "{\"layer\":1,\"feature\":2,\"text\":\"b\",\"source\":\"s\"}\n");
}

TEST(FeatureLabels, WithoutASourceHaveTheFilesName) {
  const TempDir folder;
  write_text(folder / "mine.jsonl",
             "\n  \n{\"feature\": 2, \"layer\": 1, \"text\": \"b\", \"more\": [1]}\r\n");
  const FeatureLabels labels = read_labels(folder / "mine.jsonl");
  ASSERT_EQ(labels.size(), 1U);
  EXPECT_EQ(labels.at({1, 2}).source, "mine.jsonl");
}

TEST(FeatureLabels, OfBrokenFilesAreRefusedWithTheLine) {
  const std::string good = R"({"layer": 1, "feature": 2, "text": "b"})";
  const std::pair<const char*, const char*> cases[] = {
      {"[1]", "is no JSON object, expected {\"layer\""},
      {"{", "is no JSON object"},
      {"{} {}", "is no JSON object"},
      {"\xff", "is no JSON object"},
      {R"({"feature": 3, "text": "b"})", "layer is missing, expected a whole number from 0"},
      {R"({"layer": -1, "feature": 3, "text": "b"})", "layer is -1, expected"},
      {R"({"layer": 1.5, "feature": 3, "text": "b"})", "layer is 1.5, expected"},
      {R"({"layer": "1", "feature": 3, "text": "b"})", "layer is \"1\", expected"},
      {R"({"layer": 1, "feature": 2147483648, "text": "b"})", "feature is 2147483648, expected"},
      {R"({"layer": 1, "feature": 3})", "text is empty or missing"},
      {R"({"layer": 1, "feature": 3, "text": ""})", "text is empty or missing"},
      {R"({"layer": 1, "feature": 3, "text": 5})", "text is 5, expected a string"},
      {R"({"layer": 1, "feature": 3, "text": "b", "source": []})", "source is [], expected"},
      {R"({"layer": 1, "feature": 2, "text": "c"})",
       "layer 1, feature 2 has a label already, expected one a feature"}};
  for (const auto& [line, message] : cases) {
    EXPECT_THAT(error_of(good + "\n\n" + line + "\n"),
                AllOf(HasSubstr("[read_labels] "), HasSubstr("/a.jsonl:3: "), HasSubstr(message)))
        << line;
  }
  EXPECT_THAT(error_of(R"({"layer": 1, "feature": 2, "text": ")" +
                       std::string(kLongestLabel + 1, 'x') + "\"}"),
              HasSubstr("text has 4097 bytes, expected at most 4096"));
}

TEST(FeatureLabels, CountBeforeThoseOfTheGraph) {
  AttributionGraph graph = small_graph();
  graph.add_feature_labels({{{0, 1}, {"old", "output tokens"}}, {{1, 3}, {"kept", "x"}}});
  EXPECT_EQ(apply_labels({{{0, 1}, {"new", "me"}}, {{0, 2}, {"second", "me"}}, {{9, 9}, {"n", ""}}},
                         graph),
            2U);
  const auto& labels = graph.provenance().feature_labels;
  EXPECT_EQ(labels.size(), 3U);
  EXPECT_EQ(labels.at({0, 1}).text, "new");
  EXPECT_EQ(labels.at({0, 1}).source, "me");
  EXPECT_EQ(labels.at({0, 2}).text, "second");
  EXPECT_EQ(labels.at({1, 3}).text, "kept");
}

}  // namespace
}  // namespace circuit
