// What works on a model with features, without a graph: features active, evaluate, generate,
// intervene.
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"
#include "tests/tracer/cli/program.h"

namespace circuit::cli::testing {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

constexpr const char* kPrompt = "le contraire de petit est";

Json json_of(std::vector<std::string> arguments) {
  arguments.push_back("--json");
  const ChildResult result = run_circuit(arguments);
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(result.errors, "");
  return Json::parse(result.output);
}

TEST(FeaturesActive, ListsTheStrongestOfEachTokenOfTheDemo) {
  const Json report = json_of({"features", "active", "--prompt", kPrompt, "--top", "3"});
  ASSERT_EQ(report["tokens"].size(), 6u);
  EXPECT_EQ(report["tokens"][1], " le");
  EXPECT_EQ(report["layers"].size(), 6u);
  std::vector<int> of_position(6, 0);
  double last = INFINITY;
  for (const Json& feature : report["features"]) {
    int& count = of_position[feature["position"].get<std::size_t>()];
    const double activation = std::abs(feature["activation"].get<double>());
    if (count > 0) {
      EXPECT_LE(activation, last);
    }
    last = activation;
    ++count;
    EXPECT_NE(feature["name"], "");
  }
  EXPECT_EQ(of_position, (std::vector{0, 3, 3, 3, 3, 3}));
}

// The same features that a trace has as nodes.
TEST(FeaturesActive, CountsWhatATraceCounts) {
  const circuit::testing::TempDir folder;
  const Json active =
      json_of({"features", "active", "--prompt", kPrompt, "--top", "0", "--no-names"});
  const Json trace =
      json_of({"trace", "--prompt", kPrompt, "--out", folder.path().string(), "--format", "json"});
  EXPECT_EQ(active["features"].size(), trace["active_features"].get<std::size_t>());
  std::size_t counted = 0;
  for (const Json& layer : active["layers"]) counted += layer["active"].get<std::size_t>();
  EXPECT_EQ(counted, active["features"].size());
  EXPECT_FALSE(active["features"][0].contains("name"));
}

TEST(FeaturesActive, PrintsATableByToken) {
  const ChildResult result = run_circuit({"features", "active", "--prompt", kPrompt, "--top", "1"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("0 \"<bos>\"       -\n"));
  EXPECT_THAT(result.output, HasSubstr("2 \" contraire\"  L"));
}

TEST(Evaluate, MeasuresTheDemosTranscodersOnItsPrompts) {
  const circuit::testing::TempDir folder;
  circuit::testing::write_text(folder / "text.jsonl",
                               "{\"prompt\": \"le contraire de petit est\"}\n"
                               "{\"text\": \"the opposite of small is large\"}\n");
  const Json report = json_of({"evaluate", "--text", (folder / "text.jsonl").string()});
  EXPECT_EQ(report["windows"], 2);
  EXPECT_EQ(report["positions"], 11);
  ASSERT_EQ(report["layers"].size(), 6u);
  for (const Json& layer : report["layers"]) {
    EXPECT_GT(layer["fvu"].get<double>(), 0);
    EXPECT_LT(layer["fvu"].get<double>(), 0.2);
    EXPECT_GT(layer["l0"].get<double>(), 1);
  }
  EXPECT_NEAR(report["cross_entropy_model"].get<double>(),
              report["cross_entropy_replaced"].get<double>(), 0.2);
  EXPECT_GT(report["agreement"].get<double>(), 0.7);
}

TEST(Generate, GoesOnWithThePromptAndEnds) {
  const Json report = json_of({"generate", "--prompt", kPrompt, "--max-tokens", "1"});
  EXPECT_EQ(report["text"], " grand");
  EXPECT_EQ(report["end"], "max tokens");
  EXPECT_GT(report["probabilities"][0].get<double>(), 0.9);
  const Json whole = json_of({"generate", "--prompt", kPrompt});
  EXPECT_EQ(whole["end"], "end token");
  const Json stopped = json_of({"generate", "--prompt", kPrompt, "--stop", "ran"});
  EXPECT_EQ(stopped["text"], " g");
  EXPECT_EQ(stopped["end"], "stop text");
  const ChildResult text = run_circuit({"generate", "--prompt", kPrompt, "--max-tokens", "1"});
  EXPECT_EQ(text.output, " grand\n");
}

TEST(Generate, DrawsTheSameForASeed) {
  const std::vector<std::string> arguments = {
      "generate", "--prompt", "the", "--temperature", "1.5", "--seed", "4", "--max-tokens", "6"};
  EXPECT_EQ(json_of(arguments)["ids"], json_of(arguments)["ids"]);
}

// The strongest feature of the last token, ten times as strong: the answer changes, and `generate`
// writes what `intervene` says is most probable.
TEST(Intervene, ChangesTheNextTokenAsGenerateDoes) {
  const Json active =
      json_of({"features", "active", "--prompt", kPrompt, "--top", "1", "--no-names"});
  const Json& last = active["features"].back();
  const std::string edit = std::to_string(last["layer"].get<int>()) + "_" +
                           std::to_string(last["feature"].get<int>()) + "_-1=x20";
  const Json report = json_of({"intervene", "--prompt", kPrompt, "--set", edit});
  EXPECT_GT(report["kl"].get<double>(), 1e-6);
  std::string best;
  double most = -1;
  for (const Json& token : report["outputs"]) {
    if (token["after"].get<double>() <= most) continue;
    most = token["after"];
    best = token["token"];
  }
  const Json generated =
      json_of({"generate", "--prompt", kPrompt, "--set", edit, "--max-tokens", "1"});
  EXPECT_EQ(generated["tokens"][0], best);
  EXPECT_NEAR(generated["probabilities"][0].get<double>(), most, 1e-5);
}

TEST(Intervene, ShowsNoChangeForNoChange) {
  const Json report = json_of({"intervene", "--prompt", kPrompt, "--set", "3_1_2=x1"});
  EXPECT_NEAR(report["kl"].get<double>(), 0, 1e-9);
  for (const Json& token : report["outputs"]) {
    EXPECT_NEAR(token["before"].get<double>(), token["after"].get<double>(), 1e-9);
  }
}

TEST(Intervene, WarnsWhenTwoEditsNameOnePosition) {
  const ChildResult result =
      run_circuit({"intervene", "--prompt", kPrompt, "--set", "3_1_*=1", "--set", "3_1_2=2"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.errors,
            "circuit: warning: --set '3_1_2=2' takes the place of --set '3_1_*=1' where both name "
            "a position\n");
}

TEST(Explore, RefusesWrongUsageBeforeItLoadsAnything) {
  const auto refuses = [](const std::vector<std::string>& arguments, const std::string& text) {
    expect_failure(run_circuit(arguments), 2, {text});
  };
  refuses({"features"}, "no subcommand");
  refuses({"features", "passive"}, "unexpected passive");
  refuses({"features", "active"}, "no prompt");
  refuses({"features", "active", "--prompt", "a", "--top", "-1"},
          "--top is -1, expected 0 or more");
  refuses({"features", "active", "--prompt", "a", "--model", "M"},
          "--model is given without features, expected --transcoders DIR or --sae DIR");
  refuses({"features", "active", "--prompt", "a", "--sae", "S"}, "--sae is given without --model");
  refuses({"evaluate", "--model", "M", "--sae", "S", "--transcoders", "T"},
          "--transcoders and --sae, expected one of them");
  refuses({"evaluate"}, "no text, expected --text FILE");
  refuses({"generate", "--prompt", "a", "--temperature", "-1"}, "--temperature is -1");
  refuses({"generate", "--prompt", "a", "--set", "1_2"}, "--set '1_2': there is no value");
  refuses({"intervene", "--prompt", "a"}, "nothing to change, expected --set");
  const auto refuses_change = [&](std::vector<std::string> arguments, const std::string& text) {
    arguments.insert(arguments.begin(), {"intervene", "--prompt", "a"});
    refuses(arguments, text);
  };
  const std::string set = "--set=1_2_3=1";
  refuses_change({set, "--freeze", "some"}, "--freeze is some, expected attention, all or none");
  refuses_change({set, "--constrained", "4..2"},
                 "--constrained is '4..2', expected FIRST..LAST, such as 2..5");
  refuses_change({"--set", "@city=0"}, "--set '@city=0' names a supernode, expected --supernodes");
  refuses_change({set, "--force"}, "--force without --supernodes");
  refuses_change({set, "--swap-map", "1=2"}, "--swap-map and --swap-layers need --swap-from TEXT");
  refuses_change({"--swap-from", "b", "--swap-map", "1=2,3"},
                 "--swap-map is '1=2,3', expected pairs HERE=THERE");
  refuses_change({"--swap-from", "b", "--swap", "heads"},
                 "--swap is heads, expected features, mlp or embedding");
  for (const char* steer : {"v.safetensors@2", "v.safetensors=1", "v@x@y=1", "v@2@5..3=1"}) {
    refuses_change({"--steer", steer}, "--steer '" + std::string(steer) + "': ");
  }
}

TEST(Explore, FailsWithOneLineWhenSomethingIsNotThere) {
  expect_failure(run_circuit({"features", "active", "--prompt", "a", "--layer", "9"}), 1,
                 {"--layer is 9, there are layers 0 to 5"});
  expect_failure(run_circuit({"intervene", "--prompt", kPrompt, "--set", "9_1_1=0"}), 1,
                 {"there are layers 0 to 5"});
  expect_failure(run_circuit({"intervene", "--prompt", kPrompt, "--set", "1_1_17=0"}), 1,
                 {"the prompt has positions 0 to 5"});
  expect_failure(run_circuit({"evaluate", "--text", "nothing.txt"}), 1,
                 {"[read_text] nothing.txt: no such file or folder"});
}

}  // namespace
}  // namespace circuit::cli::testing
