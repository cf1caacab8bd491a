#include "export/names/label_import.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/gzip_file.h"
#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::message_of;
using testing::TempDir;
using testing::write_gzip;
using testing::write_text;

std::string explanation(const std::string& layer, const std::string& index, const std::string& text,
                        const std::string& explainer = "gpt-4o-mini") {
  return R"({"modelId": "gemma-2-2b", "layer": ")" + layer + R"(", "index": )" + index +
         R"(, "description": ")" + text + R"(", "explanationModelName": ")" + explainer +
         R"(", "typeName": "oai_token-act-pair", "embedding": "[0.5, 1]"})";
}

class LabelImportTest : public ::testing::Test {
 protected:
  std::filesystem::path file(const std::string& name, const std::string& text) const {
    if (name.ends_with(".gz")) {
      write_gzip(folder_ / name, text);
    } else {
      write_text(folder_ / name, text);
    }
    return folder_ / name;
  }

  std::string error_of(const std::string& text) const {
    const auto path = file("bad.jsonl", text);
    return message_of<std::runtime_error>([&] { import_labels({path}); });
  }

  TempDir folder_;
};

TEST_F(LabelImportTest, ReadsEveryFormOfExport) {
  const std::string one = explanation("20-gemmascope-transcoder-16k", "\"4691\"", " LaTeX ");
  const std::string two = explanation("3-gemmascope-transcoder-16k", "7", "negations");
  for (const auto& [name, text] :
       {std::pair<const char*, std::string>{"a.jsonl", one + "\n" + two + "\n"},
        {"a.jsonl.gz", one + "\n\n" + two},
        {"a.json", "[\n" + one + ",\n" + two + "\n]\n"},
        {"a.json.gz", " [" + one + "," + two + "]"}}) {
    const ImportedLabels imported = import_labels({file(name, text)});
    EXPECT_EQ(labels_jsonl(imported.labels),
              "{\"layer\":3,\"feature\":7,\"text\":\"negations\",\"source\":\"neuronpedia "
              "gpt-4o-mini\"}\n"
              "{\"layer\":20,\"feature\":4691,\"text\":\"LaTeX\",\"source\":\"neuronpedia "
              "gpt-4o-mini\"}\n")
        << name;
    EXPECT_EQ(imported.model, "gemma-2-2b");
    EXPECT_EQ(imported.source_set, "gemmascope-transcoder-16k");
    EXPECT_EQ(imported.explanations, 2U);
  }
}

TEST_F(LabelImportTest, KnowsShortLayers) {
  EXPECT_EQ(
      import_labels({file("a.jsonl", explanation("0-clt-hp", "1", "x"))}).labels.count({0, 1}), 1U);
  EXPECT_EQ(import_labels({file("a.jsonl", R"({"layer": "11", "index": 1, "description": "x"})")})
                .labels.count({11, 1}),
            1U);
  EXPECT_EQ(import_labels({file("a.jsonl", R"({"layer": 11, "index": 1, "description": "x"})")})
                .labels.at({11, 1})
                .source,
            "neuronpedia");
}

TEST_F(LabelImportTest, OfSeveralExplanationsTheFirstCounts) {
  const auto a =
      file("a.jsonl", explanation("1-s", "1", "first") + "\n" + explanation("1-s", "1", "second") +
                          "\n" + explanation("1-s", "2", "  "));
  const auto b =
      file("b.jsonl", explanation("1-s", "1", "third") + "\n" + explanation("1-s", "2", "fourth"));
  const ImportedLabels imported = import_labels({a, b});
  EXPECT_EQ(imported.labels.at({1, 1}).text, "first");
  EXPECT_EQ(imported.labels.at({1, 2}).text, "fourth");
  EXPECT_EQ(imported.explanations, 5U);
  EXPECT_EQ(imported.duplicates, 2U);
  EXPECT_EQ(imported.empty, 1U);
  EXPECT_EQ(import_labels({b, a}).labels.at({1, 1}).text, "third");
}

TEST_F(LabelImportTest, TakesOneSourceSetAndExplainer) {
  const auto path = file("a.jsonl", explanation("1-s", "1", "a", "gpt") + "\n" +
                                        explanation("1-t", "1", "b", "gpt") + "\n" +
                                        explanation("1-t", "1", "c", "claude"));
  EXPECT_THAT(message_of<std::runtime_error>([&] { import_labels({path}); }),
              AllOf(HasSubstr("/a.jsonl:2: is of 'gemma-2-2b/t', those before of 'gemma-2-2b/s'")));
  const ImportedLabels chosen = import_labels({path}, {.source_set = "t", .explainer = "claude"});
  EXPECT_EQ(chosen.labels.at({1, 1}).text, "c");
  EXPECT_EQ(chosen.of_others, 2U);
}

TEST_F(LabelImportTest, RefusesWhatIsNoExplanation) {
  const std::string good = explanation("1-s", "1", "a") + "\n";
  for (const auto& [line, message] :
       {std::pair<std::string, const char*>{"{", "is no JSON"},
        {"5", "is 5, expected an explanation"},
        {R"({"layer": "1-s", "description": "x"})", "expected an explanation"},
        {R"({"layer": "x-s", "index": 1})", "layer is \"x-s\", expected such as"},
        {R"({"layer": "-s", "index": 1})", "layer is \"-s\""},
        {R"({"layer": "99999999999-s", "index": 1})", "layer is \"99999999999-s\""},
        {R"({"layer": [], "index": 1})", "layer is []"},
        {R"({"layer": "1-s", "index": "1x"})", "index is \"1x\", expected a whole number"},
        {R"({"layer": "1-s", "index": -1})", "index is -1"},
        {R"({"layer": "1-s", "index": 1e3})", "index is 1000.0"}}) {
    EXPECT_THAT(error_of(good + line), AllOf(HasSubstr("[import_labels] "),
                                             HasSubstr("/bad.jsonl:2: "), HasSubstr(message)))
        << line;
  }
  EXPECT_THAT(error_of("[" + good + ", 5]"), HasSubstr("is 5, expected an explanation"));
  EXPECT_THAT(error_of("[" + good), HasSubstr("is no JSON"));
  EXPECT_EQ(import_labels({file("empty.jsonl", "\n")}).explanations, 0U);
}

TEST_F(LabelImportTest, KeepsHostileTextAsText) {
  const std::string evil = "<script>alert(1)</script>\\u0000\\n\\ud83d\\ude42";
  const auto imported = import_labels({file("a.jsonl", explanation("1-s", "1", evil))});
  EXPECT_EQ(imported.labels.at({1, 1}).text,
            std::string("<script>alert(1)</script>\0\n\xf0\x9f\x99\x82", 31));
  const auto cut =
      import_labels({file("b.jsonl", explanation("1-s", "1", std::string(9999, 'x')))});
  const std::string& text = cut.labels.at({1, 1}).text;
  EXPECT_LE(text.size(), kLongestLabel);
  EXPECT_TRUE(text.ends_with("\xe2\x80\xa6"));
}

TEST_F(LabelImportTest, RefusesFilesThatUnpackToFarMore) {
  write_gzip(folder_ / "bomb.json.gz", "[" + std::string(1 << 20, ' '), 64);
  EXPECT_THAT(message_of<std::runtime_error>([&] { import_labels({folder_ / "bomb.json.gz"}); }),
              HasSubstr("unpacks to more than 200 times its size"));
}

}  // namespace
}  // namespace circuit
