// What `intervene` is told to change, on the bundled demo.
#include <cmath>
#include <fstream>
#include <span>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"
#include "tests/tracer/cli/program.h"
#include "transcoders/weights/safetensors.h"

namespace circuit::cli::testing {
namespace {

using Json = nlohmann::json;
using circuit::testing::TempDir;

constexpr const char* kPrompt = "le contraire de petit est";
constexpr const char* kOther = "le contraire de grand est";

ChildResult intervene(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"intervene", "--prompt", kPrompt});
  return run_circuit(arguments);
}

Json report_of(std::vector<std::string> arguments) {
  arguments.push_back("--json");
  const ChildResult result = intervene(std::move(arguments));
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  return Json::parse(result.output);
}

std::string best_after(const Json& report) {
  std::string best;
  double most = -1;
  for (const Json& token : report["outputs"]) {
    if (token["after"].get<double>() <= most) continue;
    most = token["after"];
    best = token["token"];
  }
  return best;
}

// Strongest features of the last token: (layer, feature, activation).
struct Strong {
  int layer, feature;
  double activation;

  std::string node(const std::string& position) const {
    return std::to_string(layer) + "_" + std::to_string(feature) + "_" + position;
  }
};

std::vector<Strong> strongest_of(const std::string& prompt) {
  const ChildResult result = run_circuit(
      {"features", "active", "--prompt", prompt, "--top", "3", "--no-names", "--json"});
  std::vector<Strong> found;
  const Json report = Json::parse(result.output);
  for (const Json& feature : report["features"]) {
    if (feature["position"] != report["tokens"].size() - 1) continue;
    found.push_back({feature["layer"], feature["feature"], feature["activation"]});
  }
  return found;
}

std::filesystem::path write_supernodes(const TempDir& folder, const std::vector<std::string>& nodes,
                                       const std::string& hash) {
  const Json file = {{"version", 1},
                     {"transcoders", hash},
                     {"supernodes", {{{"name", "last = one"}, {"nodes", nodes}}}}};
  const std::filesystem::path path = folder.path() / "groups.json";
  std::ofstream(path) << file;
  return path;
}

std::string demo_hash() {
  const ChildResult result = run_circuit({"inspect", "--json"});
  return Json::parse(result.output)["transcoders"]["hash"];
}

TEST(Intervene, ChangesAllMembersOfASupernode) {
  const TempDir folder;
  const std::vector<Strong> strong = strongest_of(kPrompt);
  ASSERT_EQ(strong.size(), 3u);
  const auto path = write_supernodes(folder, {strong[0].node("5"), strong[1].node("*")}, demo_hash());
  const Json grouped =
      report_of({"--supernodes", path.string(), "--set", "@last = one=x-2"});
  const Json single = report_of(
      {"--set", strong[0].node("5") + "=x-2", "--set", strong[1].node("*") + "=x-2"});
  EXPECT_EQ(grouped["outputs"], single["outputs"]);
  EXPECT_GT(grouped["kl"].get<double>(), 1e-3);
}

TEST(Intervene, RefusesSupernodesOfOtherTranscodersUnlessForced) {
  const TempDir folder;
  const auto path = write_supernodes(folder, {"3_1_*"}, "0123456789abcdef");
  const std::vector<std::string> arguments = {"--supernodes", path.string(), "--set",
                                              "@last = one=0"};
  expect_failure(intervene(arguments), 1,
                 {"[supernodes] made with transcoders of hash '0123456789abcdef'", "--force"});
  std::vector<std::string> forced = arguments;
  forced.push_back("--force");
  EXPECT_EQ(intervene(forced).exit_code, 0);
  forced[3] = "@first=0";
  expect_failure(intervene(forced), 1, {"--set '@first=0': there is no such supernode"});
}

TEST(Intervene, TakesAValueFromAnotherText) {
  const Strong other = strongest_of(kOther).front();
  std::ostringstream value;
  value.precision(9);
  value << other.activation;
  const Json taken =
      report_of({"--set", other.node("-1") + "=from:" + std::string(kOther) + "@-1"});
  const Json given = report_of({"--set", other.node("-1") + "=" + value.str()});
  EXPECT_NEAR(taken["kl"].get<double>(), given["kl"].get<double>(), 1e-6);
  EXPECT_GT(taken["kl"].get<double>(), 0);
}

TEST(Intervene, TakesTheMeanOverThePromptsOfAFile) {
  const TempDir folder;
  const auto path = folder.path() / "two.jsonl";
  std::ofstream(path) << Json{{"prompt", kPrompt}} << "\n" << Json{{"prompt", kOther}} << "\n";
  double sum = 0;
  const Strong feature = strongest_of(kPrompt).front();
  for (const char* prompt : {kPrompt, kOther}) {
    const ChildResult result = run_circuit(
        {"features", "active", "--prompt", prompt, "--top", "0", "--no-names", "--json"});
    const Json report = Json::parse(result.output);
    for (const Json& active : report["features"]) {
      if (active["layer"] == feature.layer && active["feature"] == feature.feature) {
        sum += active["activation"].get<double>();
      }
    }
  }
  std::ostringstream value;
  value.precision(9);
  value << sum / 10;  // five positions of each prompt carry features
  const Json mean = report_of({"--set", feature.node("-1") + "=mean:" + path.string()});
  const Json given = report_of({"--set", feature.node("-1") + "=" + value.str()});
  EXPECT_NEAR(mean["kl"].get<double>(), given["kl"].get<double>(), 1e-6);
  expect_failure(intervene({"--set", feature.node("-1") + "=mean:nothing.jsonl"}), 1,
                 {"[read_prompts] nothing.jsonl"});
}

// The features of the other question at the word and at the end bring its answer; so do the MLPs'
// outputs of all positions with the token's embedding held back.
TEST(Intervene, TakesOverTheOtherPromptsAnswer) {
  const std::string answer = best_after(report_of({"--swap-from", kOther, "--swap", "mlp"}));
  const ChildResult other = run_circuit({"generate", "--prompt", kOther, "--max-tokens", "1"});
  EXPECT_EQ(answer + "\n", other.output);
  EXPECT_NE(best_after(report_of({"--set", "3_1_2=x1"})), answer);
  const Json nothing = report_of({"--swap-from", kOther, "--swap-map", "1=1"});  // the same token
  EXPECT_NEAR(nothing["kl"].get<double>(), 0, 1e-9);
  expect_failure(intervene({"--swap-from", "the opposite of small"}), 1,
                 {"--swap-from: its prompt has 5 tokens, this one 6", "--swap-map"});
  expect_failure(intervene({"--swap-from", kOther, "--swap-map", "0=1"}), 1,
                 {"--swap-map: position 0 is none that may be changed, expected 1 to 5"});
  expect_failure(intervene({"--swap-from", kOther, "--swap-layers", "2..6"}), 1,
                 {"--swap-layers is 2..6, there are layers 0 to 5"});
}

TEST(Intervene, SteersAlongAVector) {
  const TempDir folder;
  const auto path = folder.path() / "v.safetensors";
  std::vector<float> values(6 * 128);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = i % 7 == 0 ? 1.0F : -0.2F;
  write_safetensors(path, {{"joy", Dtype::kF32, {6, 128}, std::as_bytes(std::span(values))}}, {});
  const auto kl = [&](const std::string& rest) {
    return report_of({"--steer", path.string() + rest})["kl"].get<double>();
  };
  EXPECT_NEAR(kl("@3=0"), 0, 1e-9);
  EXPECT_GT(kl("@3=1"), 1e-4);
  EXPECT_NEAR(kl(":joy@3@*=1"), kl("@3=1"), 1e-12);
  EXPECT_NE(kl("@3@-1=1"), kl("@3=1"));
  expect_failure(intervene({"--steer", path.string() + "@6=1"}), 1,
                 {"joy has 6 rows, row 6 is asked for"});
}

TEST(Intervene, HoldsWhatItIsTold) {
  const std::string edit = strongest_of(kPrompt).front().node("-1") + "=x-3";
  std::set<double> kls;
  for (const std::vector<std::string>& held : std::vector<std::vector<std::string>>{
           {}, {"--freeze", "all"}, {"--freeze", "none"}, {"--constrained", "0..5"}}) {
    std::vector<std::string> arguments = {"--set", edit};
    arguments.insert(arguments.end(), held.begin(), held.end());
    kls.insert(report_of(arguments)["kl"].get<double>());
  }
  EXPECT_GE(kls.size(), 3u);  // the last position's edit moves no pattern behind the last layer
  expect_failure(intervene({"--set", edit, "--constrained", "2..6"}), 1,
                 {"--constrained is 2..6, there are layers 0 to 5"});
}

}  // namespace
}  // namespace circuit::cli::testing
