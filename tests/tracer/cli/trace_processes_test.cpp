// Several processes that trace one list together, and what is left when one of them is killed.
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/free_port.h"
#include "tests/support/temp_dir.h"
#include "tests/tracer/cli/demo_prompts.h"
#include "tests/tracer/cli/program.h"

namespace circuit::cli::testing {
namespace {

using circuit::testing::Child;
using circuit::testing::free_port;
using circuit::testing::TempDir;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using Contents = std::map<std::string, std::string>;

constexpr std::size_t kPrompts = 60;

std::vector<std::string> arguments_for(const TempDir& folder) {
  return {"trace", "--prompts", folder / "p.jsonl", "--out", folder / "out", "--format", "json"};
}

/// What one process makes of the first `kPrompts` prompts of the demo.
const Contents& expected_contents() {
  static const Contents contents = [] {
    const TempDir folder;
    write_lines(folder / "p.jsonl", demo_lines(kPrompts));
    EXPECT_EQ(run_circuit(arguments_for(folder)).exit_code, 0);
    return contents_below(folder / "out");
  }();
  return contents;
}

class TraceProcesses : public ::testing::Test {
 protected:
  TraceProcesses() { write_lines(folder_ / "p.jsonl", demo_lines(kPrompts)); }

  std::unique_ptr<Child> start(int rank) const {
    return std::make_unique<Child>(
        circuit_command(arguments_for(folder_)),
        ChildOptions{.environment = {"RANK=" + std::to_string(rank), "WORLD_SIZE=2",
                                     "MASTER_ADDR=127.0.0.1",
                                     "MASTER_PORT=" + std::to_string(port_),
                                     "TORCHELASTIC_USE_AGENT_STORE=False"}});
  }

  /// Polls, so that a busy machine only makes the test longer.
  static void wait_for_a_prompt(Child& process) {
    while (process.is_running() && names_told(process.output()).empty()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  Contents contents() const { return contents_below(folder_ / "out"); }

  TempDir folder_;
  std::uint16_t port_ = free_port();
};

TEST_F(TraceProcesses, TakeOverWhatAKilledOneHeld) {
  const auto first = start(0);
  wait_for_a_prompt(*first);  // so the second finds it at once
  const auto second = start(1);
  wait_for_a_prompt(*second);
  second->kill();
  const ChildResult killed = second->wait();
  ASSERT_EQ(killed.exit_code, 137) << killed.output << killed.errors;
  const ChildResult whole = first->wait();
  EXPECT_EQ(whole.exit_code, 0);
  EXPECT_EQ(whole.errors, "");
  EXPECT_THAT(whole.output, HasSubstr("process  rank 0 of 2\n"));
  std::set<std::string> told = names_told(whole.output);
  EXPECT_THAT(names_told(killed.output), ::testing::Not(IsEmpty()));
  EXPECT_LT(told.size(), kPrompts);
  told.merge(names_told(killed.output));
  // The killed one may have been at its end of a prompt without telling of it.
  EXPECT_GE(told.size(), kPrompts - 2);
  EXPECT_TRUE(contents() == expected_contents());
}

TEST_F(TraceProcesses, EndWithOneLineWhenTheFirstIsKilledAndLoseNothing) {
  const auto first = start(0);
  wait_for_a_prompt(*first);
  const auto second = start(1);
  wait_for_a_prompt(*second);
  first->kill();
  EXPECT_EQ(first->wait().exit_code, 137);
  const ChildResult left = second->wait();
  EXPECT_EQ(left.exit_code, 1);
  EXPECT_EQ(left.errors, "circuit: [processes] process 0 at 127.0.0.1:" + std::to_string(port_) +
                             " is gone, which shares out the prompts: run the same command again, "
                             "what is done stays done\n");
  const std::set<std::string> done = names_done(folder_ / "out");
  for (const std::string& name : names_told(left.output)) EXPECT_TRUE(done.contains(name)) << name;

  const ChildResult again = run_circuit(arguments_for(folder_));
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_EQ(names_told(again.output).size(), kPrompts - done.size());
  EXPECT_TRUE(contents() == expected_contents());
}

TEST_F(TraceProcesses, AllTellThatAPromptFailed) {
  std::vector<std::string> lines = demo_lines(8);
  lines[3] = R"({"token_ids": [0, 999999999]})";
  write_lines(folder_ / "p.jsonl", lines);
  const auto first = start(0);
  const auto second = start(1);
  std::set<std::string> told;
  for (Child* const process : {first.get(), second.get()}) {
    const ChildResult result = process->wait();
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.errors, "circuit: [trace] 1 of 8 prompts failed, " +
                                 (folder_ / "out/errors.jsonl").string() + " says why\n");
    told.merge(names_told(result.output));
  }
  EXPECT_EQ(told.size(), 8);
  EXPECT_THAT(contents()["errors.jsonl"],
              MatchesRegex("\\{\"id\":\"4\",\"name\":\"000004\",\"line\":4,\"error\":.*\\}\n"));
  Contents rest = contents();
  rest.erase("errors.jsonl");
  EXPECT_EQ(rest.size(), 2 * 7 + 1);
}

TEST_F(TraceProcesses, OpenNoPortWhenThereIsOneOnly) {
  write_lines(folder_ / "p.jsonl", demo_lines(1));
  const ChildResult alone = run_circuit(
      arguments_for(folder_), {.environment = {"RANK=0", "WORLD_SIZE=1", "MASTER_PORT=no port"}});
  EXPECT_EQ(alone.exit_code, 0) << alone.errors;
  const ChildResult single =
      run_circuit({"trace", "--prompt", "le contraire de petit est", "--format", "json", "--out",
                   folder_ / "out"},
                  {.environment = {"RANK=1", "WORLD_SIZE=2", "MASTER_PORT=no port"}});
  EXPECT_EQ(single.exit_code, 0) << single.errors;
}

TEST_F(TraceProcesses, AreRefusedWithAPlaceThatMakesNoSense) {
  expect_failure(
      run_circuit(arguments_for(folder_), {.environment = {"RANK=2", "WORLD_SIZE=2"}}), 1,
      {"[processes] the environment's RANK is '2', expected a whole number from 0 to 1"});
}

}  // namespace
}  // namespace circuit::cli::testing
