// `circuit convert`, and what `circuit inspect` says of other formats and how to get them.
#include <filesystem>
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
using circuit::testing::write_text;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = nlohmann::json;

std::string golden(const std::string& name) {
  return std::filesystem::path(CIRCUIT_GOLDEN_DIR) / "formats" / name;
}

std::string run(const std::vector<std::string>& arguments) {
  const ChildResult result = run_circuit(arguments);
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(result.errors, "");
  return result.output;
}

Json run_json(std::vector<std::string> arguments) {
  arguments.push_back("--json");
  return Json::parse(run(arguments));
}

TEST(Convert, WritesADirectoryThatIsInspectedAsNative) {
  const TempDir folder;
  const std::string out = folder / "native";
  const Json report = run_json(
      {"convert", golden("transcoders/llamascopium-jumprelu"), "--out", out, "--dtype", "bf16"});
  EXPECT_EQ(report["kind"], "cross-layer");
  EXPECT_EQ(report["format"], "Llamascopium");
  EXPECT_EQ(report["dtype"], "BF16");
  EXPECT_EQ(report["folded"], "input and output scale, decoder norms");
  EXPECT_EQ(report["n_layers"], 3);
  const Json inspected = run_json({"inspect", "--transcoders", out})["transcoders"];
  EXPECT_EQ(inspected["format"], "native");
  EXPECT_EQ(inspected["dtype"], "BF16");
  EXPECT_EQ(inspected["activation"], "jumprelu");
  EXPECT_EQ(inspected["dead"].size(), 3U);
  EXPECT_EQ(inspected["dead"][0]["encoder_rows"], 0);
  const std::string text = run({"convert", golden("transcoders/sparsify"), "--out", folder / "b"});
  EXPECT_THAT(text, HasSubstr("per-layer in the format sparsify"));
  EXPECT_THAT(text, HasSubstr((folder / "b").string() + " (F32, "));
}

TEST(Convert, TakesTheHookThatAnSaeDoesNotName) {
  const TempDir folder;
  std::filesystem::copy(golden("saes/gemma-scope-2b-pt-res/layer_1/width_12/average_l0_4"),
                        folder / "sae");
  run({"convert", folder / "sae", "--hook", "resid_post.5", "--out", folder / "out"});
  const Json sae = run_json({"inspect", "--sae", folder / "out"})["sae"];
  EXPECT_EQ(sae["hook"], "resid_post.5");
  EXPECT_EQ(sae["format"], "native");
  EXPECT_EQ(sae["d_model"], 8);
  expect_failure(run_circuit({"convert", folder / "sae", "--hook", "mlp", "--out", folder / "c"}),
                 1, {"[parse_sae_hook] hook is \"mlp\""});
}

TEST(Convert, FailsInOneLineAndLeavesNothing) {
  const TempDir folder;
  const std::string in = golden("transcoders/sparsify");
  expect_failure(run_circuit({"convert", in}), 2, {"no --out"});
  expect_failure(run_circuit({"convert", "--out", folder / "a"}), 2, {"no IN"});
  expect_failure(run_circuit({"convert", folder / "none", "--out", folder / "a"}), 1,
                 {"[load_transcoders]", "no such directory"});
  expect_failure(run_circuit({"convert", in, "--out", folder / "a", "--dtype", "i8"}), 1,
                 {"[convert] dtype is \"i8\", expected f64, f32, f16 or bf16"});
  EXPECT_TRUE(files_below(folder.path()).empty());
  write_text(folder / "file", "");
  expect_failure(run_circuit({"convert", in, "--out", folder / "file"}), 1,
                 {"[convert]", "is there already, expected a new or empty directory"});
}

TEST(Inspect, DescribesEveryFormat) {
  for (const std::string name : {"gemma-scope-transcoders", "gemma-scope-2-clt", "saelens-relu"}) {
    const Json set = run_json({"inspect", "--transcoders", golden("transcoders/" + name)});
    EXPECT_EQ(set["transcoders"]["d_model"], 8);
    EXPECT_EQ(set["transcoders"]["n_features"], 12);
    EXPECT_EQ(set["transcoders"]["hash"].get<std::string>().size(), 16U);
  }
  const std::string text = run({"inspect", "--sae", golden("saes/saelens-topk")});
  EXPECT_THAT(text, HasSubstr("SAELens, topk 4 of positive values, decoder bias taken off"));
  EXPECT_THAT(text, HasSubstr("attn_out.0"));
  EXPECT_THAT(text, HasSubstr("decoder norms"));
  EXPECT_THAT(text, HasSubstr("no feature"));
}

TEST(Inspect, SaysWhyAnSaeDoesNotFitTheModel) {
  const ChildResult result =
      run_circuit({"inspect", "--sae", golden("saes/saelens-topk"), "--model",
                   std::filesystem::path(CIRCUIT_DEMO_DIR) / "model"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.errors,
              StartsWith("circuit: [inspect] the SAE's d_model is 8, the model has "));
}

TEST(FetchList, NamesPublicSetsAndTheirCommands) {
  const std::string table = run({"inspect", "--fetch-list"});
  EXPECT_THAT(table, HasSubstr("mntss/transcoder-Llama-3.2-1B"));
  EXPECT_THAT(table, HasSubstr("mwhanna/qwen3-4b-transcoders"));
  const std::string commands = run({"inspect", "--fetch-list", "llama-3.2-1b"});
  EXPECT_EQ(commands,
            "huggingface-cli download mntss/transcoder-Llama-3.2-1B --include 'config.yaml' "
            "'*.safetensors' --local-dir llama-3.2-1b\n"
            "circuit inspect --transcoders ./llama-3.2-1b\n");
  const Json all = run_json({"inspect", "--fetch-list"});
  ASSERT_GE(all["sets"].size(), 15U);
  for (const Json& set : all["sets"]) {
    const std::string name = set["name"];
    EXPECT_EQ(run_json({"inspect", "--fetch-list", name})["commands"], set["commands"]);
    EXPECT_THAT(set["commands"][0].get<std::string>(),
                StartsWith("huggingface-cli download " + set["repository"].get<std::string>()));
  }
}

TEST(FetchList, NamesTheFilesThatAConfigListsAndThatAreMissing) {
  const TempDir folder;
  write_text(folder / "config.yaml",
             "transcoders:\n  - \"hf://google/a/layer_0/params.npz\"\n"
             "  - hf://google/a/layer_1/params.npz?revision=v1\n  - local.safetensors\n");
  const std::string place = folder.path().string();
  const std::string second =
      "huggingface-cli download google/a layer_1/params.npz --revision v1 --local-dir " + place +
      "\n";
  EXPECT_EQ(
      run({"inspect", "--fetch-list", place}),
      "huggingface-cli download google/a layer_0/params.npz --local-dir " + place + "\n" + second);
  std::filesystem::create_directory(folder / "layer_0");
  write_text(folder / "layer_0/params.npz", "");
  EXPECT_EQ(run({"inspect", "--fetch-list", place}), second);
  std::filesystem::create_directory(folder / "layer_1");
  write_text(folder / "layer_1/params.npz", "");
  EXPECT_EQ(run({"inspect", "--fetch-list", place}),
            "every file that " + place + " lists is there\n");
  expect_failure(
      run_circuit({"inspect", "--fetch-list", "gemma-9"}), 1,
      {"[fetch_list] \"gemma-9\" is neither a directory with a config.yaml nor one of "});
}

}  // namespace
}  // namespace circuit::cli::testing
