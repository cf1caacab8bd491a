// What `circuit trace --prompts` prints and writes, and that it goes on where it was ended.
#include <chrono>
#include <filesystem>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"
#include "tests/tracer/cli/demo_prompts.h"
#include "tests/tracer/cli/program.h"

namespace circuit::cli::testing {
namespace {

using circuit::testing::Child;
using circuit::testing::read_text;
using circuit::testing::TempDir;
using circuit::testing::write_text;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Json = nlohmann::json;

constexpr const char* kBad = R"({"token_ids": [0, 999999999], "id": "bad"})";

std::vector<std::string> list_arguments(const TempDir& folder,
                                        const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {
      "trace", "--prompts", folder / "p.jsonl", "--out", folder / "out", "--format", "json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

ChildResult trace_list(const TempDir& folder, const std::vector<std::string>& more = {}) {
  return run_circuit(list_arguments(folder, more));
}

std::vector<Json> json_lines(const std::string& text) {
  std::vector<Json> objects;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) objects.push_back(Json::parse(line));
  return objects;
}

TEST(TraceList, WritesTheFilesOfSingleTraces) {
  const TempDir folder;
  write_lines(
      folder / "p.jsonl",
      {R"({"prompt": "le contraire de petit est", "name": "a"})",
       R"({"prompt": "the opposite of small is", "name": "b", "targets": ["#7", " large"]})",
       R"({"token_ids": [0, 447, 2283, 446, 2778, 663], "name": "c"})"});
  const std::vector<std::string> options = {"--format", "json,dot,svg,graphml", "--save-graph"};
  const auto single = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"trace", "--out", folder / "single"});
    arguments.insert(arguments.end(), options.begin(), options.end());
    EXPECT_EQ(run_circuit(arguments).exit_code, 0);
  };
  single({"--prompt", "le contraire de petit est", "--name", "a", "--target", " grand"});
  single({"--prompt", "the opposite of small is", "--name", "b", "--target", "#7", "--target",
          " large"});
  single({"--token-ids", "0,447,2283,446,2778,663", "--name", "c", "--target", " grand"});
  const auto expected = contents_below(folder / "single");
  for (const std::string threads : {"1", "2"}) {
    std::vector<std::string> arguments = {"trace", "--prompts",      folder / "p.jsonl",
                                          "--out", folder / threads, "--threads",
                                          threads, "--target",       " grand"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const ChildResult result = run_circuit(arguments);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.errors, "");
    auto found = contents_below(folder / threads);
    for (const std::string name : {"a", "b", "c"}) EXPECT_EQ(found.erase(name + ".done"), 1);
    ASSERT_EQ(found.size(), expected.size());
    for (const auto& [name, text] : expected) EXPECT_TRUE(found[name] == text) << name;
  }
}

TEST(TraceList, ReportsForPeople) {
  const TempDir folder;
  write_lines(folder / "p.jsonl", demo_lines(2));
  EXPECT_TRUE(std::regex_match(
      trace_list(folder).output,
      std::regex("000001  \" Montgomery\" 0\\.[0-9]+, [0-9]+ nodes, [0-9]+ edges, [0-9.]+ s\n"
                 "000002  \" AL\" 0\\.[0-9]+, [0-9]+ nodes, [0-9]+ edges, [0-9.]+ s\n"
                 "prompts  2 traced\n"
                 "time     load [0-9.]+ s, trace [0-9.]+ s, [0-9,.]+ a minute\n"
                 "memory   [0-9.]+ [MG]iB at most\n")));
  EXPECT_TRUE(std::regex_match(
      trace_list(folder).output,
      std::regex("prompts  0 traced, 2 already there\nmemory   [0-9.]+ [MG]iB at most\n")));
}

TEST(TraceList, ReportsEachPromptAsOneJsonObject) {
  const TempDir folder;
  std::vector<std::string> lines = demo_lines(2);
  lines.push_back(kBad);
  write_lines(folder / "p.jsonl", lines);
  const std::vector<Json> objects = json_lines(trace_list(folder, {"--json"}).output);
  ASSERT_EQ(objects.size(), 3);
  std::vector<std::string> keys;
  for (const auto& [key, value] : objects[0].items()) keys.push_back(key);
  EXPECT_THAT(keys, ElementsAre("active_features", "closure_error", "completeness_score", "edges",
                                "files", "id", "name", "nodes", "peak_memory_bytes", "phases",
                                "predicted_peak_memory_bytes", "replacement_score",
                                "selected_features", "targets", "tokens"));
  EXPECT_EQ(objects[0]["id"], "us_fact-001");
  EXPECT_EQ(objects[0]["name"], "000001");
  EXPECT_EQ(objects[0]["files"], Json({std::string(folder / "out/000001.json")}));
  EXPECT_EQ(objects[1]["targets"][0]["token"], " AL");
  const Json failed = {{"id", "bad"},
                       {"name", "000003"},
                       {"line", 3},
                       {"error", "[forward] token id 999999999 at position 1, expected 0 to 2903"}};
  EXPECT_EQ(objects[2], failed);
  EXPECT_EQ(Json::parse(read_text(folder / "out/errors.jsonl")), failed);
}

TEST(TraceList, DoesNotStopAtABadPromptAndTriesItAgain) {
  const TempDir folder;
  std::vector<std::string> lines = demo_lines(5);
  const std::string good = lines[2];
  lines[1] = R"({"chat": [{"role": "user", "content": "a"}]})";
  lines[2] = kBad;
  write_lines(folder / "p.jsonl", lines);
  const std::filesystem::path errors = folder / "out/errors.jsonl";
  const ChildResult first = trace_list(folder);
  EXPECT_EQ(first.exit_code, 1);
  EXPECT_EQ(first.errors,
            "circuit: [trace] 2 of 5 prompts failed, " + errors.string() + " says why\n");
  EXPECT_THAT(first.output, HasSubstr("000003  failed: [forward] token id 999999999"));
  EXPECT_THAT(first.output, HasSubstr("prompts  3 traced, 2 failed\n"));
  EXPECT_THAT(names_done(folder / "out"), ElementsAre("000001", "000004", "000005"));
  EXPECT_EQ(json_lines(read_text(errors)).size(), 2);

  lines[2] = good;
  write_lines(folder / "p.jsonl", lines);
  const ChildResult second = trace_list(folder);
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.output, HasSubstr("prompts  1 traced, 3 already there, 1 failed\n"));
  EXPECT_EQ(json_lines(read_text(errors))[0]["name"], "000002");

  lines[1] = R"({"prompt": "the code of Texas is"})";
  write_lines(folder / "p.jsonl", lines);
  const ChildResult third = trace_list(folder);
  EXPECT_EQ(third.exit_code, 0);
  EXPECT_EQ(third.errors, "");
  EXPECT_FALSE(std::filesystem::exists(errors));
}

TEST(TraceList, TracesAnewWhatIsNotThereWithTheseSettings) {
  const TempDir folder;
  write_lines(folder / "p.jsonl", demo_lines(3));
  trace_list(folder);
  const auto first = contents_below(folder / "out");
  std::filesystem::remove(folder / "out/000002.json");
  EXPECT_THAT(names_told(trace_list(folder).output), ElementsAre("000002"));
  // A single trace over one of the files is not what the list asks for.
  run_circuit({"trace", "--prompt", "le contraire de petit est", "--name", "000003", "--format",
               "json", "--out", folder / "out"});
  EXPECT_THAT(names_told(trace_list(folder).output), ElementsAre("000003"));
  EXPECT_TRUE(contents_below(folder / "out") == first);

  const std::vector<std::string> other = {"--node-threshold", "0.5"};
  EXPECT_EQ(names_told(trace_list(folder, other).output).size(), 3);
  EXPECT_THAT(names_told(trace_list(folder, other).output), IsEmpty());
  EXPECT_FALSE(contents_below(folder / "out") == first);
}

TEST(TraceList, IsCheckedWholeBeforeAnythingIsLoaded) {
  const TempDir folder;
  std::vector<std::string> lines = demo_lines(2);
  lines.push_back(R"({"prompt": "a", "name": 7})");
  write_lines(folder / "p.jsonl", lines);
  const std::vector<std::string> no_model = {"--model", "none", "--transcoders", "none"};
  expect_failure(trace_list(folder, no_model), 1,
                 {"[read_prompts]", "p.jsonl:3: name is a number, expected a string"});
  lines[2] = R"({"prompt": "a", "name": "../a"})";
  write_lines(folder / "p.jsonl", lines);
  expect_failure(trace_list(folder, no_model), 1, {"p.jsonl:3: name '../a' cannot name"});
  EXPECT_FALSE(std::filesystem::exists(folder / "out"));
  lines.pop_back();
  write_lines(folder / "p.jsonl", lines);
  expect_failure(trace_list(folder, no_model), 1, {"[load_model] none"});
}

TEST(TraceList, WarnsOnce) {
  const TempDir folder;
  const std::string path = folder / "p.jsonl";
  write_lines(path, {R"({"token_ids": [447, 663], "extra": 1})",
                     R"({"token_ids": [447, 2283], "extra": 2})"});
  const ChildResult result = trace_list(folder);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.errors, "circuit: warning: " + path +
                               ":1: unknown key extra is left out, there and later\n"
                               "circuit: warning: line 1: token_ids begin with 447, which is no "
                               "special token of this model: its first position carries no "
                               "features\n");
}

TEST(TraceList, LeavesNothingHalfWrittenOnAFullDisk) {
  const TempDir folder;
  write_lines(folder / "p.jsonl", demo_lines(2));
  const ChildResult result =
      run_circuit(list_arguments(folder), {.file_size_limit = std::size_t{4096}});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("000001  failed: [write] "));
  EXPECT_THAT(result.output, HasSubstr("File too large"));
  EXPECT_THAT(files_below(folder / "out"), ElementsAre("errors.jsonl", "graph-metadata.json"));
}

TEST(TraceList, GoesOnWhereItWasKilled) {
  constexpr std::size_t kMany = 30;
  const TempDir folder;
  write_lines(folder / "p.jsonl", demo_lines(kMany));
  const TempDir whole;
  write_lines(whole / "p.jsonl", demo_lines(kMany));
  EXPECT_EQ(trace_list(whole).exit_code, 0);

  Child killed(circuit_command(list_arguments(folder)));
  while (killed.is_running() && names_done(folder / "out").size() < 3) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  killed.kill();
  EXPECT_EQ(killed.wait().exit_code, 137);
  const std::set<std::string> done = names_done(folder / "out");
  ASSERT_LT(done.size(), kMany);
  std::map<std::string, std::filesystem::file_time_type> times;
  for (const std::string& name : done) {
    times[name] = std::filesystem::last_write_time(folder / ("out/" + name + ".json"));
  }
  // What a kill at another moment leaves.
  write_text(folder / "out/000030.json.partial.99999", "{");
  write_text(folder / "out/000030.done.partial.99999", "{");
  write_text(folder / "out/graph-metadata.json.partial.99999", "{");

  const ChildResult resumed = trace_list(folder);
  EXPECT_EQ(resumed.exit_code, 0);
  EXPECT_EQ(resumed.errors, "");
  for (const std::string& name : done) {
    EXPECT_FALSE(names_told(resumed.output).contains(name)) << name;
    EXPECT_EQ(std::filesystem::last_write_time(folder / ("out/" + name + ".json")), times[name]);
  }
  EXPECT_EQ(names_told(resumed.output).size(), kMany - done.size());
  EXPECT_TRUE(contents_below(folder / "out") == contents_below(whole / "out"));
}

}  // namespace
}  // namespace circuit::cli::testing
