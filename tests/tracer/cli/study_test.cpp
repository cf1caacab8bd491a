// `circuit study` on the bundled model: what it writes, and that a kill at any moment costs nothing
// that was finished.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"
#include "tests/tracer/cli/program.h"

namespace circuit::cli::testing {
namespace {

using circuit::testing::Child;
using circuit::testing::read_text;
using circuit::testing::TempDir;
using circuit::testing::write_text;
using ::testing::HasSubstr;
using Json = nlohmann::json;

// The language of an antonym, exchanged; few enough pairs for a test.
const std::string kStudy = R"(version: 1
name: languages
prompts: {file: DEMO/prompts.jsonl, where: {family: ant_cross}, limit: 3}
pairs: {file: DEMO/pairs.jsonl, split: [dev, test], where: {kind: language}}
supernodes:
  - {name: A, select: {field: language, value: "{from.language}", exclude_same: concept, most_prompts: 4}}
  - {name: B, select: {field: language, value: "{to.language}", exclude_same: concept, most_prompts: 4}}
interventions: [{name: swap, set: ["@A=x0", "@B=meanx{strength}"], strengths: [1, 2]}]
controls: [random_matched, wrong_concept, activation, embedding, whole_position]
report:
  cluster: concept
  choose: {on: dev, report: test, by: top1}
  plots: [{kind: bar, x: control, y: top1}]
)";

std::filesystem::path write_study(const TempDir& folder, std::string text = kStudy) {
  for (std::size_t at; (at = text.find("DEMO")) != text.npos;) {
    text.replace(at, 4, CIRCUIT_DEMO_DIR);
  }
  write_text(folder / "s.yaml", text);
  return folder / "s.yaml";
}

std::vector<std::string> study_arguments(const std::filesystem::path& file,
                                         const std::filesystem::path& out) {
  return {"study", file, "--out", out, "--json"};
}

std::size_t lines_of(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return 0;
  const std::string text = read_text(file);
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

// The keys, each of which may stand there once.
std::set<std::string> keys_of(const std::filesystem::path& file) {
  std::set<std::string> keys;
  std::istringstream lines(read_text(file));
  for (std::string line; std::getline(lines, line);) {
    const std::string key = Json::parse(line).at("key");
    EXPECT_TRUE(keys.insert(key).second) << key << " was run twice";
  }
  return keys;
}

TEST(Study, WritesWhatItSays) {
  const TempDir folder;
  const auto file = write_study(folder);
  const ChildResult result = run_circuit(study_arguments(file, folder / "out"));
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(result.errors, "");
  const Json report = Json::parse(result.output);
  EXPECT_EQ(report["tested"], 6);
  EXPECT_EQ(report["cells"], 3 * 4 + 3 * (2 + 1 + 24));
  EXPECT_EQ(report["failed"], 0);
  for (const char* const name : {"study.resolved.yaml", "cells.jsonl", "results.csv", "summary.csv",
                                 "plots/1.svg", "report.html", "provenance.json"}) {
    EXPECT_TRUE(std::filesystem::exists(folder / "out" / name)) << name;
  }
  EXPECT_THAT(read_text(folder / "out/results.csv"),
              HasSubstr("cell,prompt_id,pair_id,family,split,intervention,control,strength,seed,"
                        "metric,value\n"));
  EXPECT_EQ(lines_of(folder / "out/cells.jsonl"), report["cells"]);
}

// With little memory interventions run one at a time; graphs, which need more, are there.
TEST(Study, DoesNotDependOnThreadsAndMemory) {
  const TempDir folder;
  const auto file = write_study(folder);
  auto arguments = study_arguments(file, folder / "two");
  arguments.insert(arguments.end(), {"--threads", "2"});
  ASSERT_EQ(run_circuit(arguments).exit_code, 0);
  std::filesystem::create_directories(folder / "one");
  std::filesystem::copy(folder / "two/graphs", folder / "one/graphs");
  arguments = study_arguments(file, folder / "one");
  arguments.insert(arguments.end(), {"--threads", "1", "--memory", "1MB"});
  ASSERT_EQ(run_circuit(arguments).exit_code, 0);
  for (const char* const name : {"results.csv", "summary.csv"}) {
    EXPECT_EQ(read_text(folder / "one" / name), read_text(folder / "two" / name)) << name;
  }
}

TEST(Study, KilledTwentyTimesItLosesNothingAndRepeatsNothing) {
  const TempDir folder;
  const auto file = write_study(folder);
  const auto begun = std::chrono::steady_clock::now();
  ASSERT_EQ(run_circuit(study_arguments(file, folder / "whole")).exit_code, 0);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  std::mt19937_64 random(0);
  int kills = 0;
  for (int round = 0; kills < 20; ++round) {
    const auto out = folder.path() / ("out" + std::to_string(round));
    for (bool ended = false; !ended;) {
      const std::string before = std::filesystem::exists(out / "cells.jsonl")
                                     ? read_text(out / "cells.jsonl")
                                     : std::string();
      Child run(circuit_command(study_arguments(file, out)));
      const auto until =
          std::chrono::steady_clock::now() +
          std::chrono::duration<double>(seconds * static_cast<double>(random() % 1000) / 1000);
      while (kills < 20 && run.is_running() && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      ended = kills >= 20 || !run.is_running();
      if (!ended) {
        run.kill();
        ++kills;
      }
      const ChildResult result = run.wait();
      const std::string whole_lines = before.substr(0, before.rfind('\n') + 1);
      if (ended) {
        ASSERT_EQ(result.exit_code, 0) << result.errors;
        EXPECT_TRUE(read_text(out / "cells.jsonl").starts_with(whole_lines));
        EXPECT_EQ(Json::parse(result.output)["already"],
                  std::count(before.begin(), before.end(), '\n'));
      } else if (std::filesystem::exists(out / "cells.jsonl")) {
        EXPECT_TRUE(read_text(out / "cells.jsonl").starts_with(whole_lines));
      }
    }
    for (const char* const name : {"results.csv", "summary.csv", "report.html", "plots/1.svg"}) {
      EXPECT_EQ(read_text(out / name), read_text(folder / "whole" / name)) << name;
    }
    EXPECT_EQ(keys_of(out / "cells.jsonl"), keys_of(folder / "whole/cells.jsonl"));
    for (const std::string& name : files_below(out)) {
      EXPECT_EQ(name.find(".partial."), std::string::npos) << name;
    }
  }
}

TEST(Study, LeavesWholeLinesOnAFullDisk) {
  const TempDir folder;
  const auto file = write_study(folder);
  ASSERT_EQ(run_circuit(study_arguments(file, folder / "whole")).exit_code, 0);
  const auto out = folder.path() / "out";
  // Graphs are there, so that the cells are what does not fit.
  std::filesystem::create_directories(out);
  std::filesystem::copy(folder / "whole/graphs", out / "graphs");
  const ChildResult full =
      run_circuit(study_arguments(file, out), {.file_size_limit = std::size_t{6000}});
  expect_failure(full, 1, {"[study] ", "cells.jsonl: cannot be written (File too large)"});
  const std::string kept = read_text(out / "cells.jsonl");
  EXPECT_TRUE(kept.ends_with('\n'));
  ASSERT_EQ(run_circuit(study_arguments(file, out)).exit_code, 0);
  EXPECT_EQ(read_text(out / "results.csv"), read_text(folder / "whole/results.csv"));
}

TEST(Study, SaysWhatIsWrongBeforeAnythingIsLoaded) {
  const TempDir folder;
  const auto fails = [&](const std::string& text, const std::vector<std::string>& texts) {
    expect_failure(run_circuit(study_arguments(write_study(folder, text), folder / "out")), 1,
                   texts);
    EXPECT_FALSE(std::filesystem::exists(folder / "out"));
  };
  fails("version: 1\nname: x\nprompt: {}\n", {"[read_study] ", "s.yaml:"});
  fails("version: 1\nname: x\nprompts: {file: none.jsonl}\n", {"[read_prompts] ", "none.jsonl"});
  fails("version: 1\nname: x\nprompts: {file: DEMO/prompts.jsonl, where: {family: no}}\n",
        {"no prompt is left to test"});
  expect_failure(run_circuit({"study", folder / "absent.yaml"}), 1,
                 {"[read_study] ", "absent.yaml"});
  expect_failure(run_circuit({"study", folder / "s.yaml", "--limit", "0"}), 2, {"--limit is 0"});
  expect_failure(run_circuit({"study", folder / "s.yaml", "--model", "m"}), 2, {"--transcoders"});
}

TEST(Study, CellsThatFailMakeItFail) {
  const TempDir folder;
  const ChildResult result = run_circuit(
      study_arguments(write_study(folder,
                                  "version: 1\nname: x\n"
                                  "prompts: {file: DEMO/prompts.jsonl, where: {family: add}, "
                                  "limit: 1}\n"
                                  "interventions: [{name: a, set: ['4_99999_-1=0']}]\n"),
                      folder / "out"));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.errors, HasSubstr("cells failed"));
  EXPECT_THAT(read_text(folder / "out/errors.jsonl"), HasSubstr("\"intervention\":\"a\""));
}

}  // namespace
}  // namespace circuit::cli::testing
