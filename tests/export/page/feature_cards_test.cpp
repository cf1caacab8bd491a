#include "export/page/feature_cards.h"

#include <fstream>
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::message_of;
using testing::TempDir;

class FeatureCards : public ::testing::Test {
 protected:
  std::vector<FeatureCard> read(const std::string& text) {
    std::ofstream(path_, std::ios::binary) << text;
    return read_feature_cards(path_);
  }

  /// Without the operation and the file: `LINE: …`.
  std::string problem(const std::string& text) {
    const std::string message = message_of<std::runtime_error>([&] { read(text); });
    const std::string start = "[read_feature_cards] " + path_.string() + ":";
    EXPECT_EQ(message.substr(0, start.size()), start);
    return message.substr(std::min(start.size(), message.size()));
  }

  TempDir folder_;
  std::filesystem::path path_ = folder_ / "cards.jsonl";
};

TEST_F(FeatureCards, AreReadWhole) {
  const auto cards = read(R"({"layer": 4, "feature": 436, "label": "small", "frequency": 0.01,)"
                          R"( "maximum": 7.5, "histogram": {"edges": [0, 1, 4], "counts": [9, 1]},)"
                          R"( "top_logits": [[" grand", 1.5]], "bottom_logits": [[" petit", -2]],)"
                          R"( "examples": [{"tokens": [" a", " b"], "activations": [0, 2]},)"
                          R"( {"tokens": ["c"], "activations": [1], "at": 0}], "other": {}})"
                          "\n\n"
                          R"({"layer": 0, "feature": 7, "label": null})");
  ASSERT_EQ(cards.size(), 2u);
  EXPECT_EQ(cards[0].feature, 7);
  EXPECT_EQ(cards[0].label, "");
  EXPECT_FALSE(cards[0].frequency || cards[0].maximum || cards[0].histogram);
  const FeatureCard& card = cards[1];
  EXPECT_EQ(card.layer, 4);
  EXPECT_EQ(card.label, "small");
  EXPECT_EQ(card.frequency, 0.01);
  EXPECT_EQ(card.maximum, 7.5);
  ASSERT_TRUE(card.histogram);
  EXPECT_EQ(card.histogram->edges, (std::vector<double>{0, 1, 4}));
  EXPECT_EQ(card.histogram->counts, (std::vector<double>{9, 1}));
  EXPECT_EQ(card.top_logits.at(0).token, " grand");
  EXPECT_EQ(card.bottom_logits.at(0).value, -2);
  ASSERT_EQ(card.examples.size(), 2u);
  EXPECT_EQ(card.examples[0].at, 1u);
  EXPECT_EQ(card.examples[0].tokens, (std::vector<std::string>{" a", " b"}));
}

TEST_F(FeatureCards, NameTheLineThatIsWrong) {
  const std::string good = "{\"layer\": 0, \"feature\": 1}\n";
  EXPECT_EQ(problem(good + "{\"layer\": 0}"), "2: no feature, expected a whole number from 0");
  EXPECT_EQ(problem(good + "[1]"), "2: line is [1], expected an object");
  EXPECT_EQ(problem(good + "\n" + good), "3: feature 1 of layer 0 stands here a second time");
  EXPECT_EQ(problem(R"({"layer": -1, "feature": 1})"),
            "1: layer is -1, expected a whole number from 0");
  EXPECT_EQ(problem(R"({"layer": 4294967296, "feature": 1})"),
            "1: layer is 4294967296, expected a whole number from 0");
  EXPECT_EQ(problem(R"({"layer": 0, "feature": 1.5})"),
            "1: feature is 1.5, expected a whole number from 0");
  EXPECT_TRUE(problem("{").starts_with("1: no JSON ("));
  EXPECT_TRUE(
      problem("{\"layer\": 0, \"feature\": 1, \"label\": \"\xff\"}").starts_with("1: no JSON ("));
}

TEST_F(FeatureCards, NameTheValueThatIsWrong) {
  const auto with = [&](const std::string& member) {
    return problem(R"({"layer": 0, "feature": 1, )" + member + "}");
  };
  EXPECT_EQ(with(R"("label": 5)"), "1: label is 5, expected a string");
  EXPECT_EQ(with(R"("frequency": "x")"), "1: frequency is \"x\", expected a number");
  EXPECT_EQ(with(R"("histogram": [])"),
            "1: histogram is [], expected an object with edges and counts");
  EXPECT_EQ(with(R"("histogram": {"edges": [0, 1], "counts": [1, 2]})"),
            "1: histogram has 2 edges and 2 counts, expected one edge more than counts");
  EXPECT_EQ(with(R"("histogram": {"edges": [1, 0], "counts": [1]})"),
            "1: histogram.edges do not ascend");
  EXPECT_EQ(with(R"("histogram": {"edges": [0, 1], "counts": [-1]})"),
            "1: histogram.counts holds a negative number");
  EXPECT_EQ(with(R"("top_logits": [["a"]])"), "1: top_logits is [\"a\"], expected [token, value]");
  EXPECT_EQ(with(R"("bottom_logits": {})"), "1: bottom_logits is {}, expected a list");
  EXPECT_EQ(with(R"("examples": [5])"),
            "1: example is 5, expected an object with tokens and activations");
  EXPECT_EQ(with(R"("examples": [{"tokens": ["a"], "activations": []}])"),
            "1: an example has 1 tokens and 0 activations");
  EXPECT_EQ(with(R"("examples": [{"tokens": ["a"], "activations": [1], "at": 1}])"),
            "1: an example of 1 tokens is about token 1");
  EXPECT_EQ(with(R"("examples": [{"tokens": [], "activations": []}])"),
            "1: an example of 0 tokens is about token 0");
}

TEST_F(FeatureCards, RefuseAFileThatIsNotThere) {
  EXPECT_EQ(message_of<std::runtime_error>([&] { read_feature_cards(folder_ / "none"); }),
            "[read_feature_cards] " + (folder_ / "none").string() +
                ": cannot be read (No such file or directory)");
  EXPECT_EQ(message_of<std::runtime_error>([&] { read_feature_cards(folder_.path()); }),
            "[read_feature_cards] " + folder_.path().string() + ": cannot be read (a folder)");
}

}  // namespace
}  // namespace circuit
