// What `circuit trace` prints and writes, on the bundled demo.
#include <regex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"
#include "tests/tracer/cli/program.h"
#include "tests/tracer/cli/weight_file.h"

namespace circuit::cli::testing {
namespace {

using circuit::testing::read_text;
using circuit::testing::TempDir;
using circuit::testing::write_text;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = nlohmann::json;

constexpr const char* kPrompt = "le contraire de petit est";

Json trace_json(std::vector<std::string> arguments, const std::filesystem::path& out) {
  arguments.insert(arguments.begin(), "trace");
  arguments.insert(arguments.end(), {"--json", "--format", "json", "--out", out});
  const ChildResult result = run_circuit(arguments);
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  return Json::parse(result.output, nullptr, /*allow_exceptions=*/false);
}

TEST(Trace, ReportsForPeople) {
  const TempDir folder;
  const ChildResult result =
      run_circuit({"trace", "--prompt", kPrompt, "--save-graph"}, {.directory = folder.path()});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.errors, "");
  for (const std::string line :
       {"tokens    \"<bos>\" 0  \" le\" [0-9]+  \" contraire\" [0-9]+  \" de\" [0-9]+",
        "\ntargets   0\\.9[0-9]+  \" grand\" [0-9]+\n",
        "\nfeatures  [0-9,]+ active, [0-9,]+ selected\n",
        "\ncircuit   [0-9,]+ of [0-9,]+ nodes, [0-9,]+ of [0-9,]+ edges\n",
        "\nscores    replacement 0\\.[0-9]+, completeness 0\\.[0-9]+\n",
        "\nclosure   [0-9]\\.[0-9]e-[0-9]+ of a row at most\n",
        "\ntime      load [0-9.]+ s, forward [0-9.]+ s, attribute [0-9.]+ s, prune [0-9.]+ s, "
        "export [0-9.]+ s\n",
        "\nmemory    peak [0-9.]+ [MG]iB, predicted at most [0-9.]+ [MG]iB\n",
        "\nfiles     \\./le-contraire-de-petit-est\\.json\n"}) {
    EXPECT_TRUE(std::regex_search(result.output, std::regex(line))) << line << "\n"
                                                                    << result.output;
  }
  EXPECT_THAT(files_below(folder.path()),
              ElementsAre("graph-metadata.json", "le-contraire-de-petit-est.graph.safetensors",
                          "le-contraire-de-petit-est.json", "le-contraire-de-petit-est.png",
                          "le-contraire-de-petit-est.svg"));
}

TEST(Trace, ReportsAsJson) {
  const TempDir folder;
  const Json report = trace_json({"--prompt", kPrompt}, folder.path());
  std::vector<std::string> keys;
  for (const auto& [key, value] : report.items()) keys.push_back(key);
  EXPECT_THAT(
      keys, ElementsAre("active_features", "closure_error", "completeness_score", "edges", "files",
                        "nodes", "peak_memory_bytes", "phases", "predicted_peak_memory_bytes",
                        "replacement_score", "selected_features", "targets", "tokens"));
  EXPECT_EQ(report["tokens"], Json({"<bos>", " le", " contraire", " de", " petit", " est"}));
  EXPECT_EQ(report["targets"][0]["token"], " grand");
  EXPECT_TRUE(report["targets"][0]["token_id"].is_number_integer());
  EXPECT_GT(report["targets"][0]["probability"], 0.9);
  for (const std::string key : {"nodes", "edges", "active_features", "selected_features"}) {
    EXPECT_TRUE(report[key].is_number_integer());
    EXPECT_GT(report[key], 0);
  }
  EXPECT_GT(report["replacement_score"], 0.7);
  EXPECT_GT(report["completeness_score"], 0.9);
  EXPECT_LT(report["closure_error"], 1e-5);
  EXPECT_GT(report["peak_memory_bytes"], 10'000'000);
  for (const std::string phase : {"load", "forward", "attribute", "prune", "export"}) {
    EXPECT_GE(report["phases"][phase], 0.0);
  }
  const std::string file = folder / "le-contraire-de-petit-est.json";
  EXPECT_EQ(report["files"], Json({file}));
  const Json viewer = Json::parse(read_text(file));
  EXPECT_EQ(viewer["nodes"].size(), report["nodes"]);
  EXPECT_EQ(viewer["links"].size(), report["edges"]);
}

TEST(Trace, WritesEqualGraphsForAnyNumberOfThreads) {
  const TempDir folder;
  std::vector<std::string> graphs;
  for (const std::string threads : {"1", "2", "4"}) {
    trace_json({"--prompt", kPrompt, "--save-graph", "--name", "t" + threads, "--threads", threads},
               folder.path());
    graphs.push_back(read_text(folder / ("t" + threads + ".graph.safetensors")));
  }
  EXPECT_GT(graphs[0].size(), 10'000);
  EXPECT_TRUE(graphs[0] == graphs[1]);
  EXPECT_TRUE(graphs[0] == graphs[2]);
}

TEST(Trace, TakesThePromptFromAFileAndFromStandardInput) {
  const TempDir folder;
  write_text(folder / "prompt.txt", std::string(kPrompt) + "\r\n");
  const Json direct = trace_json({"--prompt", kPrompt}, folder / "a");
  const Json file = trace_json({"--prompt-file", folder / "prompt.txt"}, folder / "b");
  EXPECT_EQ(file["tokens"], direct["tokens"]);
  const ChildResult piped = run_circuit(
      {"trace", "--prompt-file", "-", "--json", "--format", "json", "--out", folder / "c"},
      {.input = kPrompt});
  EXPECT_EQ(Json::parse(piped.output)["tokens"], direct["tokens"]);
  EXPECT_EQ(read_text(folder / "a/le-contraire-de-petit-est.json"),
            read_text(folder / "c/le-contraire-de-petit-est.json"));
}

TEST(Trace, TakesTokenIdsAsGiven) {
  const TempDir folder;
  const ChildResult ids = run_circuit({"tokenize", "--text", kPrompt, "--json"});
  std::string list;
  const Json encoded = Json::parse(ids.output);
  for (const auto& id : encoded["ids"]) {
    list += (list.empty() ? "" : ",") + id.dump();
  }
  const Json report = trace_json({"--token-ids", list}, folder.path());
  EXPECT_EQ(report["tokens"][0], "<bos>");
  EXPECT_EQ(report["targets"][0]["token"], " grand");
  EXPECT_EQ(report["files"], Json({std::string(folder / "bos-le-contraire-de-petit-est.json")}));

  const ChildResult bare = run_circuit({"trace", "--token-ids", list.substr(list.find(',') + 1),
                                        "--format", "json", "--out", folder.path()});
  EXPECT_EQ(bare.exit_code, 0);
  EXPECT_THAT(bare.errors, HasSubstr("circuit: warning: --token-ids begin with "));
  EXPECT_THAT(bare.errors, HasSubstr("no special token"));
}

TEST(Trace, WarnsWhenTranscodersAreForAModelOfAnotherName) {
  const TempDir folder;
  const DemoCopy demo(folder.path());
  EXPECT_EQ(run_circuit(demo.trace_arguments(folder / "out")).errors, "");
  replace_text(demo.transcoders / "config.yaml", "circuit-demo", "company/other-1b");
  const ChildResult result = run_circuit(demo.trace_arguments(folder / "out"));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.errors, "circuit: warning: transcoders " + demo.transcoders.string() +
                               " are for the model 'company/other-1b', given is 'circuit-demo'\n");
  std::filesystem::rename(demo.model, folder / "Other-1B-base");
  const ChildResult named =
      run_circuit({"trace", "--prompt", kPrompt, "--model", folder / "Other-1B-base",
                   "--transcoders", demo.transcoders, "--format", "json", "--out", folder / "out"});
  EXPECT_EQ(named.exit_code, 0);
  EXPECT_EQ(named.errors, "");
}

TEST(Trace, ExplainsNamedTargets) {
  const TempDir folder;
  const Json report = trace_json(
      {"--prompt", kPrompt, "--target", " grand", "--target", " grand- petit", "--target", "#7"},
      folder.path());
  ASSERT_EQ(report["targets"].size(), 3);
  EXPECT_EQ(report["targets"][0]["token"], " grand");
  EXPECT_EQ(report["targets"][1]["token"], "logit( grand)-logit( petit)");
  EXPECT_EQ(report["targets"][1]["token_id"], -1);
  EXPECT_EQ(report["targets"][2]["token_id"], 7);
}

TEST(Trace, TakesTargetsThatLookLikeListsLiterally) {
  const TempDir folder;
  for (const std::string target : {"[1,2]", "[]", "{}", "[ grand]", "%%", "-x"}) {
    const ChildResult result =
        run_circuit({"trace", "--prompt", kPrompt, "--target", target, "--out", folder.path()});
    EXPECT_EQ(result.exit_code, 1) << result.errors;
    EXPECT_THAT(result.errors, HasSubstr("\"" + target + "\""));
  }
}

TEST(Trace, KeepsOnlyTheMostInfluentialFeatures) {
  const TempDir folder;
  const Json report = trace_json(
      {"--prompt", kPrompt, "--max-features", "50", "--batch-size", "10"}, folder.path());
  EXPECT_EQ(report["selected_features"], 50);
  EXPECT_GT(report["active_features"], 50);
  EXPECT_LT(report["closure_error"], 1e-5);
}

TEST(Trace, ComputesInEveryType) {
  const TempDir folder;
  const Json f32 = trace_json({"--prompt", kPrompt}, folder.path());
  const Json f64 = trace_json({"--prompt", kPrompt, "--dtype", "f64"}, folder.path());
  EXPECT_EQ(f64["active_features"], f32["active_features"]);
  EXPECT_LT(f64["closure_error"], 1e-12);
  const Json bf16 = trace_json({"--prompt", kPrompt, "--dtype", "bf16"}, folder.path());
  EXPECT_EQ(bf16["targets"][0]["token"], " grand");
  // Inputs and results of products have 8 bits; sums do not lose them.
  EXPECT_GT(bf16["rounding"]["rows"], 5);
  EXPECT_GT(bf16["rounding"]["largest_error"], 1e-6);
  EXPECT_LT(bf16["rounding"]["largest_error"], 1e-2);
  EXPECT_FALSE(f32.contains("rounding"));
}

TEST(Trace, StaysInsideTheMemoryItIsGiven) {
  const TempDir folder;
  const Json report = trace_json({"--prompt", kPrompt, "--memory", "400MiB"}, folder.path());
  EXPECT_LE(report["predicted_peak_memory_bytes"], std::int64_t{400} << 20);
  EXPECT_LE(report["peak_memory_bytes"], report["predicted_peak_memory_bytes"]);
  const ChildResult refused =
      run_circuit({"trace", "--prompt", kPrompt, "--memory", "30MiB", "--out", folder.path()});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.errors,
              StartsWith("circuit: [trace] --memory is 30 MiB, expected at least "));
}

}  // namespace
}  // namespace circuit::cli::testing
