// `circuit trace --target-position`, `--target-feature` and `--target-vector` on the bundled demo,
// and what other subcommands make of such graphs.
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"
#include "tests/tracer/cli/program.h"
#include "transcoders/weights/safetensors.h"

namespace circuit::cli::testing {
namespace {

using circuit::testing::read_text;
using circuit::testing::TempDir;
using circuit::testing::write_text;
using ::testing::HasSubstr;
using Json = nlohmann::json;

constexpr const char* kPrompt = "le contraire de petit est";
constexpr std::size_t kWidth = 128;

class Targets : public ::testing::Test {
 protected:
  Json trace(std::vector<std::string> arguments, const std::string& prompt = kPrompt) const {
    arguments.insert(arguments.begin(), {"trace", "--prompt", prompt, "--name", "g"});
    arguments.insert(arguments.end(), {"--json", "--out", out_.path()});
    const ChildResult result = run_circuit(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return Json::parse(result.output, nullptr, /*allow_exceptions=*/false);
  }
  Json run(std::vector<std::string> arguments) const {
    arguments.emplace_back("--json");
    const ChildResult result = run_circuit(arguments, {.directory = out_.path()});
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return Json::parse(result.output, nullptr, /*allow_exceptions=*/false);
  }
  void refuse(int exit_code, std::vector<std::string> arguments,
              const std::vector<std::string>& texts) const {
    arguments.insert(arguments.begin(), {"trace", "--prompt", kPrompt, "--out", out_.path()});
    expect_failure(run_circuit(arguments), exit_code, texts);
  }
  /// A file of the tensors `truth` and `short`, of [128] and [2] numbers, and `table` [2, 128].
  std::string vectors(const std::string& name = "probe.safetensors") const {
    std::vector<float> table(2 * kWidth);
    for (std::size_t i = 0; i < table.size(); ++i) {
      table[i] = static_cast<float>(std::sin(static_cast<double>(i)));
    }
    const auto bytes = std::as_bytes(std::span(table));
    write_safetensors(out_ / name,
                      {{"truth", Dtype::kF32, {kWidth}, bytes.first(kWidth * sizeof(float))},
                       {"short", Dtype::kF32, {2}, bytes.first(2 * sizeof(float))},
                       {"table", Dtype::kF32, {2, kWidth}, bytes}},
                      {});
    return out_ / name;
  }

  TempDir out_;
};

TEST_F(Targets, AfterAnEarlierPositionAreThoseOfThePromptUpToThere) {
  const Json report = trace({"--target-position", "3", "--format", "json"});
  const Json whole = trace({"--format", "json"}, "le contraire de");
  ASSERT_EQ(report["targets"].size(), whole["targets"].size());
  for (std::size_t i = 0; i < whole["targets"].size(); ++i) {
    const Json &found = report["targets"][i], &expected = whole["targets"][i];
    EXPECT_EQ(found["token_id"], expected["token_id"]);
    EXPECT_NEAR(found["probability"].get<double>(), expected["probability"].get<double>(), 1e-5);
    EXPECT_EQ(found["position"], 3);
    EXPECT_EQ(found["kind"], "token");
  }
  EXPECT_LT(report["closure_error"], 1e-5);
  EXPECT_EQ(trace({"--target-position", "-3", "--format", "json"})["targets"], report["targets"]);
}

TEST_F(Targets, OfAllKindsInOneGraph) {
  const Json report =
      trace({"--target", " grand", "--target", " grand- petit", "--target-feature", "4_436_-1=0.5",
             "--target-feature", "2_7_3", "--target-vector", vectors() + ":truth=2", "--save-graph",
             "--format", "json,dot,svg,png,html,graphml"});
  const Json& targets = report["targets"];
  ASSERT_EQ(targets.size(), 5u);
  EXPECT_EQ(targets[0]["kind"], "token");
  EXPECT_EQ(targets[1]["kind"], "difference");
  EXPECT_EQ(targets[2], Json({{"token", "L4/436"},
                              {"token_id", -1},
                              {"probability", 0.5},
                              {"kind", "feature"},
                              {"position", 5},
                              {"layer", 4},
                              {"feature", 436}}));
  EXPECT_EQ(targets[3]["position"], 3);
  EXPECT_EQ(targets[3]["probability"], 1.0);
  EXPECT_EQ(targets[4]["kind"], "vector");
  EXPECT_EQ(targets[4]["token"], "probe:truth");
  EXPECT_EQ(targets[4]["probability"], 2.0);
  EXPECT_LT(report["closure_error"], 1e-5);
  EXPECT_EQ(report["files"].size(), 7u);

  const Json verified = run({"verify", "g.graph.safetensors"});
  EXPECT_EQ(verified["passed"], true);
  EXPECT_LT(verified["closure_error"], 1e-5);
  EXPECT_LT(verified["largest_prediction_error"], 1e-5);
  EXPECT_THAT(read_text(out_ / "g.dot"), HasSubstr("L4/436 at 5"));
}

TEST_F(Targets, GoThroughEveryOtherSubcommand) {
  trace({"--target-feature", "4_436_5", "--target-vector", vectors() + ":truth", "--save-graph",
         "--per-head", "--qk", "--format", "json"});
  const Json viewed = Json::parse(read_text(out_ / "g.json"));
  std::string feature;
  for (const Json& node : viewed["nodes"]) {
    if (node["feature_type"] != "logit" || node["clerp"].get<std::string>()[0] != 'F') continue;
    feature = node["node_id"];
    EXPECT_THAT(node["clerp"].get<std::string>(), HasSubstr("Feature \"L4/436 at 5: "));
    EXPECT_EQ(node["ctx_idx"], 5);
  }
  ASSERT_NE(feature, "");
  EXPECT_FALSE(feature.starts_with("4_"));  // not the id of its feature node
  const Json paths = run({"paths", "g.graph.safetensors", "--to", feature});
  ASSERT_FALSE(paths["paths"].empty());
  const std::string token = paths["paths"][0]["nodes"][0];
  const Json heads = run({"attention", "g.graph.safetensors", "--edge", token + "->" + feature});
  double sum = heads["residual"];
  for (const Json& layer : heads["layers"]) {
    for (const Json& part : layer["last"]) sum += part.get<double>();
  }
  EXPECT_NEAR(sum, heads["edge"].get<double>(), 1e-5 * heads["absolute_sum"].get<double>());
  EXPECT_EQ(heads["layers"].size(), 5u);  // of layers 0 to 4 alone

  EXPECT_EQ(run({"score", "g.graph.safetensors"})["replacement_score"].is_null(), false);
  run({"prune", "g.graph.safetensors", "--node-threshold", "0.5", "--name", "strict"});
  EXPECT_EQ(run({"verify", "strict.graph.safetensors"})["passed"], true);
  run({"prune", "g.graph.safetensors", "--compact", "--name", "small"});
  run({"export", "g.json", "--name", "again", "--format", "json"});
  EXPECT_THAT(read_text(out_ / "again.json"), HasSubstr(feature));
  run({"compare", "g.graph.safetensors", "small.graph.safetensors", "--name", "both", "--format",
       "svg"});
  run({"aggregate", "g.graph.safetensors", "small.graph.safetensors", "--name", "mean", "--format",
       "json"});
  run({"group", "g.graph.safetensors", "--by", "layer", "--name", "grouped", "--format", "svg"});
}

TEST_F(Targets, TakeTheOnlyVectorOfAFileWithoutItsName) {
  const std::vector<float> one(kWidth, 1.0F);
  const std::string file = out_ / "only=1.safetensors";
  write_safetensors(file, {{"v", Dtype::kF32, {kWidth}, std::as_bytes(std::span(one))}}, {});
  const Json plain = trace({"--target-vector", file, "--format", "json"});
  EXPECT_EQ(plain["targets"][0]["token"], "only=1");
  EXPECT_EQ(plain["targets"][0]["probability"], 1.0);
  const Json weighed = trace({"--target-vector", file + "=0.25", "--format", "json"});
  EXPECT_EQ(weighed["targets"][0]["probability"], 0.25);
}

TEST_F(Targets, HoldForEveryLineOfAPromptFile) {
  write_text(out_ / "p.jsonl",
             "{\"prompt\": \"le contraire de petit est\", \"targets\": [\" grand\"]}\n"
             "{\"prompt\": \"the opposite of small is\"}\n");
  const ChildResult result =
      run_circuit({"trace", "--prompts", out_ / "p.jsonl", "--target-feature", "2_7_-1",
                   "--target-position", "-2", "--format", "json", "--out", out_ / "g", "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  const std::string first = result.output.substr(0, result.output.find('\n'));
  const Json report = Json::parse(first);
  ASSERT_EQ(report["targets"].size(), 2u) << first;
  EXPECT_EQ(report["targets"][0]["token"], " grand");
  EXPECT_EQ(report["targets"][0]["position"], 4);
  EXPECT_EQ(report["targets"][1]["position"], 5);
  // Other targets are other graphs; the same are there already.
  const auto again = [&](const std::string& feature) {
    const ChildResult second =
        run_circuit({"trace", "--prompts", out_ / "p.jsonl", "--target-feature", feature,
                     "--target-position", "-2", "--format", "json", "--out", out_ / "g"});
    return second.output;
  };
  EXPECT_THAT(again("2_7_-1"), HasSubstr("0 traced, 2 already there"));
  EXPECT_THAT(again("2_8_-1"), HasSubstr("2 traced"));
}

TEST_F(Targets, AreRefusedWhereTheyCannotBe) {
  const std::string file = vectors();
  refuse(1, {"--target-position", "6"}, {"[targets] --target-position is 6, expected 1 to 5"});
  refuse(1, {"--target-position", "0"}, {"[targets] --target-position is 0"});
  refuse(1, {"--target-feature", "4_436_0"}, {"[targets] --target-feature 4_436_0: position is 0"});
  refuse(1, {"--target-feature", "99_436_2"}, {"[targets]", "layer is 99, expected 0 to "});
  refuse(1, {"--target-feature", "4_99999999_2"}, {"[targets]", "feature is 99999999"});
  refuse(1, {"--target-feature", "4_436_5", "--target-feature", "4_436_-1"},
         {"[targets] --target-feature 4_436_5 is given twice"});
  refuse(1, {"--target-vector", file + ":truth", "--target-vector", file + ":truth=2"},
         {"[targets] --target-vector probe:truth is given twice"});
  refuse(1, {"--target-vector", file + ":short"}, {"has 2 values, the model has d_model 128"});
  refuse(1, {"--target-vector", file + ":table"}, {"[read_vector]", "[2, 128]", "[d_model]"});
  refuse(1, {"--target-vector", file + ":nothing"}, {"[read_vector]", "nothing"});
  refuse(1, {"--target-vector", file}, {"[read_vector]", "3 tensors"});
  refuse(1, {"--target-vector", out_ / "nowhere"}, {"nowhere"});
}

TEST_F(Targets, AreWrongUsageWhereTheirTextIs) {
  const std::string file = vectors();
  for (const std::string text :
       {"4_436", "4_436_x", "-1_436_2", "4_-1_2", "a_1_2", "4_436_5_6", ""}) {
    refuse(2, {"--target-feature", text}, {"--target-feature '" + text + "'", "4_436_-1=2"});
  }
  for (const std::string weight : {"0", "-1", "nan", "inf", "x", ""}) {
    refuse(2, {"--target-feature", "4_436_5=" + weight},
           {"the weight is '" + weight + "', expected a number above 0"});
    refuse(2, {"--target-vector", file + ":truth=" + weight},
           {"the weight is '" + weight + "', expected a number above 0"});
  }
  refuse(2, {"--target-feature", "4_436_5", "--max-logits", "3"},
         {"--target-feature with --max-logits or --logit-prob"});
  refuse(2, {"--target-position", "x"}, {"--target-position"});
}

}  // namespace
}  // namespace circuit::cli::testing
