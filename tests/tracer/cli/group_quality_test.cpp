// `circuit group-quality` on the demo.
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

/// Three concepts in two languages each.
void write_prompts(const std::filesystem::path& path) {
  std::ofstream out(path, std::ios::binary);
  for (const char* word : {"small", "hot", "old"}) {
    for (const char* language : {"English", "French"}) {
      out << Json{{"prompt",
                   std::string("the ") + language + " word for the opposite of " + word + " is"},
                  {"fields", {{"concept", word}, {"language", language}}}}
                 .dump()
          << "\n";
    }
  }
}

TEST(GroupQuality, MeasuresGroupingsAgainstRandomOnes) {
  const TempDir folder;
  write_prompts(folder / "prompts.jsonl");
  const std::vector<std::string> command = {"group-quality", "--prompts", folder / "prompts.jsonl",
                                            "--by",          "layer",     "--by",
                                            "neighbours",    "--random",  "20",
                                            "--json"};
  const ChildResult result = run_circuit(command);
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const Json report = Json::parse(result.output);
  EXPECT_EQ(report["prompts"], 6);
  EXPECT_EQ(report["without_variants"], 0);
  ASSERT_EQ(report["groupings"].size(), 2u);
  const Json& layers = report["groupings"][0];
  EXPECT_EQ(layers["by"], "layer");
  EXPECT_EQ(layers["prompts_with_groups"], 6);
  // Features of one layer are never between groups of the same layers.
  EXPECT_EQ(layers["agreement"]["verdict"], "nothing to measure");
  const Json& index = layers["rand_index"];
  EXPECT_EQ(index["prompts"], 6);
  EXPECT_EQ(index["clusters"], 3);
  EXPECT_EQ(index["verdict"], "too few clusters");
  EXPECT_LE(index["low"], index["mean"]);
  EXPECT_LE(index["mean"], index["high"]);
  // Dealing features anew within their layers gives the same groups by layer.
  EXPECT_NEAR(index["random_mean"].get<double>(), index["mean"].get<double>(), 1e-12);
  const Json& agreement = report["groupings"][1]["agreement"];
  EXPECT_GE(agreement["mean"], -2);
  EXPECT_LE(agreement["mean"], 2);
  EXPECT_EQ(run_circuit(command).output, result.output);
}

TEST(GroupQuality, PrintsATable) {
  const TempDir folder;
  write_prompts(folder / "prompts.jsonl");
  const ChildResult result = run_circuit(
      {"group-quality", "--prompts", folder / "prompts.jsonl", "--by", "feature", "--random", "5"});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_THAT(result.output, HasSubstr("prompts  6\n"));
  EXPECT_THAT(result.output, HasSubstr("fields (adjusted Rand index): "));
  EXPECT_THAT(result.output, HasSubstr("ablation agreement: "));
}

TEST(GroupQuality, RefusesWhatItCannotMeasure) {
  const TempDir folder;
  expect_failure(run_circuit({"group-quality"}), 2, {"[group-quality] no --prompts"});
  expect_failure(run_circuit({"group-quality", "--prompts", "x", "--by", "colour"}), 2,
                 {"--by 'colour', expected some of"});
  expect_failure(run_circuit({"group-quality", "--prompts", "x", "--random", "0"}), 2,
                 {"--random is 0"});
  expect_failure(run_circuit({"group-quality", "--prompts", folder / "none"}), 1,
                 {"[read_prompts]"});
  std::ofstream(folder / "chat.jsonl") << R"({"chat": [{"role": "user", "content": "hello"}]})"
                                       << "\n";
  expect_failure(run_circuit({"group-quality", "--prompts", folder / "chat.jsonl"}), 1,
                 {"[group-quality]", "chat.jsonl:1: a chat, expected a prompt"});
}

}  // namespace
}  // namespace circuit::cli::testing
