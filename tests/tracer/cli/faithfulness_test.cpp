// `circuit faithfulness` on the demo.
#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"
#include "tests/tracer/cli/program.h"

namespace circuit::cli::testing {
namespace {

using circuit::testing::TempDir;
using ::testing::HasSubstr;
using Json = nlohmann::json;

const std::vector<std::string> kPair = {
    "faithfulness", "--prompt",         "the capital of Texas is", "--answer",
    " Austin",      "--counterfactual", "the capital of Ohio is",  "--counterfactual-answer",
    " Columbus"};

std::vector<std::string> with(std::vector<std::string> arguments,
                              const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(Faithfulness, MeasuresCircuitsOfOnePair) {
  const std::vector<std::string> command = with(kPair, {"--random", "2", "--json"});
  const ChildResult result = run_circuit(command);
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const Json report = Json::parse(result.output);
  EXPECT_EQ(report["pairs"], 1);
  EXPECT_EQ(report["claims"], false);
  ASSERT_EQ(report["shares"].size(), 10u);
  ASSERT_EQ(report["summary"].size(), 4u);  // without a list there are no means
  const Json& measured = report["measured"][0];
  EXPECT_GT(measured["features"], measured["pruned_features"]);
  for (std::size_t row = 0; row < 4; ++row) {
    const Json &summary = report["summary"][row], &of_pair = measured["measures"][row];
    const double all = of_pair["m_model"], nothing = of_pair["m_nothing"];
    EXPECT_GT(all, 0);  // the model knows the capital
    EXPECT_LT(nothing, 0);
    for (const std::size_t curve : {0, 3}) {
      const Json& f = summary["curves"][curve]["f"];
      const Json& m = of_pair["curves"][curve]["m"];
      double area = 0;
      for (std::size_t k = 0; k < 10; ++k) {
        EXPECT_NEAR(f[k]["value"], (m[k].get<double>() - nothing) / (all - nothing), 1e-12);
        if (k == 0) continue;
        const double width =
            report["shares"][k].get<double>() - report["shares"][k - 1].get<double>();
        area += width * (f[k]["value"].get<double>() + f[k - 1]["value"].get<double>()) / 2;
      }
      EXPECT_NEAR(summary["curves"][curve]["cpr"]["value"], area, 1e-12);
    }
    // Most influential features first: more of the preference than a random order keeps.
    EXPECT_EQ(summary["curves"][0]["order"], "influence");
    EXPECT_EQ(summary["curves"][3]["order"], "random");
    EXPECT_GT(summary["curves"][0]["cpr"]["value"], summary["curves"][3]["cpr"]["value"]);
  }
  EXPECT_EQ(run_circuit(command).output, result.output);
}

TEST(Faithfulness, MeasuresAFileOfPairs) {
  const TempDir folder;
  std::ofstream(folder / "prompts.jsonl")
      << R"({"id": "tx", "prompt": "the capital of Texas is", "answer": " Austin", "fields": {"concept": "Texas"}})"
      << "\n"
      << R"({"id": "oh", "prompt": "the capital of Ohio is", "answer": " Columbus", "fields": {"concept": "Ohio"}})"
      << "\n"
      << R"({"id": "al", "prompt": "the capital of Alabama is", "answer": " Montgomery"})"
      << "\n"
      << R"({"id": "code", "prompt": "the region of Ohio is the", "answer": " Midwest"})"
      << "\n"
      << R"({"id": "same", "prompt": "the capital of Utah is", "answer": " Austin"})"
      << "\n"
      << R"({"id": "long", "prompt": "the capital of Iowa is", "answer": " Des Moines"})"
      << "\n";
  std::ofstream(folder / "pairs.jsonl")
      << R"({"id": "a", "from": "tx", "to": "oh", "split": "test"})"
      << "\n"
      << R"({"id": "b", "from": "oh", "to": "al", "split": "test"})"
      << "\n"
      << R"({"id": "c", "from": "tx", "to": "code", "split": "test"})"
      << "\n"
      << R"({"id": "d", "from": "tx", "to": "same", "split": "test"})"
      << "\n"
      << R"({"id": "f", "from": "oh", "to": "long", "split": "test"})"
      << "\n"
      << R"({"id": "e", "from": "al", "to": "tx", "split": "dev"})"
      << "\n";
  const std::vector<std::string> command = {"faithfulness",
                                            "--prompts",
                                            folder / "prompts.jsonl",
                                            "--pairs",
                                            folder / "pairs.jsonl",
                                            "--random",
                                            "1",
                                            "--split",
                                            "test"};
  const ChildResult result = run_circuit(with(command, {"--json"}));
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const Json report = Json::parse(result.output);
  EXPECT_EQ(report["pairs"], 2);
  EXPECT_EQ(report["clusters"], 2);
  EXPECT_EQ(report["left_out"],
            Json({{"answers of several tokens", 1}, {"equal answers", 1}, {"unequal lengths", 1}}));
  ASSERT_EQ(report["summary"].size(), 6u);
  EXPECT_EQ(report["summary"][4]["outside"], "means");
  const auto m = [&](std::size_t pair, const char* key) {
    return report["measured"][pair]["measures"][0][key].get<double>();
  };
  EXPECT_NEAR(report["summary"][0]["pruned"]["value"],
              (m(0, "m_pruned") + m(1, "m_pruned") - m(0, "m_nothing") - m(1, "m_nothing")) /
                  (m(0, "m_model") + m(1, "m_model") - m(0, "m_nothing") - m(1, "m_nothing")),
              1e-12);
  const ChildResult table = run_circuit(with(command, {"--limit", "1"}));
  EXPECT_THAT(table.output, HasSubstr("pairs     1\n"));
  EXPECT_THAT(table.output, HasSubstr("means, live"));
  EXPECT_THAT(table.output, HasSubstr("without influence"));
}

TEST(Faithfulness, RefusesWhatItCannotMeasure) {
  const TempDir folder;
  expect_failure(run_circuit({"faithfulness"}), 2, {"[faithfulness] expected --prompt"});
  expect_failure(run_circuit({"faithfulness", "--prompt", "x"}), 2, {"--counterfactual-answer"});
  expect_failure(run_circuit(with(kPair, {"--pairs", "x"})), 2, {"or --prompts and --pairs"});
  expect_failure(run_circuit(with(kPair, {"--random", "9999"})), 2, {"--random is 9999"});
  std::vector<std::string> longer = kPair;
  longer[6] = "the region of Ohio is the";
  expect_failure(run_circuit(longer), 1, {"[faithfulness] the prompt has", "the counterfactual"});
  std::vector<std::string> same = kPair;
  same[8] = " Austin";
  expect_failure(run_circuit(same), 1, {"both answers are token"});
  std::vector<std::string> words = kPair;
  words[8] = " no single token";
  expect_failure(run_circuit(words), 1, {"no single token"});
  std::ofstream(folder / "prompts.jsonl") << R"({"id": "a", "prompt": "x"})"
                                          << "\n";
  std::ofstream(folder / "pairs.jsonl") << R"({"from": "a", "to": "b"})"
                                        << "\n";
  const std::vector<std::string> list = {"faithfulness", "--prompts", folder / "prompts.jsonl",
                                         "--pairs", folder / "pairs.jsonl"};
  expect_failure(run_circuit(list), 1, {"pairs.jsonl:1: prompt a has no answer"});
  std::ofstream(folder / "prompts.jsonl") << R"({"id": "a", "prompt": "x", "answer": "y"})"
                                          << "\n";
  expect_failure(run_circuit(list), 1, {"pairs.jsonl:1: there is no prompt b"});
}

}  // namespace
}  // namespace circuit::cli::testing
