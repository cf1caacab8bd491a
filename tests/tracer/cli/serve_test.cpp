#include <chrono>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"
#include "tests/tracer/cli/program.h"

namespace circuit::cli::testing {
namespace {

using circuit::testing::Child;
using circuit::testing::TempDir;
using ::testing::HasSubstr;

/// What it has printed when the first line is there.
std::string first_line(Child& child) {
  for (int i = 0; i < 1000 && child.is_running(); ++i) {
    const std::string output = child.output();
    if (output.find('\n') != output.npos) return output.substr(0, output.find('\n'));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return "";
}

TEST(Serve, TellsTheAddressAndEndsWithCtrlC) {
  const TempDir folder;
  Child child(circuit_command({"serve", folder.path().string(), "--port", "0", "--json"}));
  const auto report = nlohmann::json::parse(first_line(child));
  EXPECT_GT(report["port"].get<int>(), 0);
  EXPECT_EQ(report["address"],
            "http://127.0.0.1:" + std::to_string(report["port"].get<int>()) + "/");
  child.interrupt();
  const ChildResult result = child.wait();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.errors, "");
}

TEST(Serve, WarnsWhenOthersCanReachIt) {
  const TempDir folder;
  Child child(
      circuit_command({"serve", folder.path().string(), "--port", "0", "--host", "0.0.0.0"}));
  EXPECT_THAT(first_line(child), HasSubstr("http://127.0.0.1:"));
  child.interrupt();
  const ChildResult result = child.wait();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.errors, HasSubstr("circuit: [serve] warning: 0.0.0.0 is open to the network"));
}

TEST(Serve, RefusesWhatCannotBeServed) {
  const TempDir folder;
  expect_failure(run_circuit({"serve", (folder / "missing").string(), "--port", "0"}), 1,
                 {"[serve]", "missing", "expected a folder"});
  expect_failure(run_circuit({"serve", folder.path().string(), "--port", "65536"}), 2,
                 {"--port is 65536", "expected 0 to 65535"});
  expect_failure(run_circuit({"serve", folder.path().string(), "--port", "-1"}), 2, {"--port"});
  expect_failure(run_circuit({"serve", folder.path().string(), "--host", ""}), 2, {"--host"});
  expect_failure(
      run_circuit({"serve", folder.path().string(), "--port", "0", "--host", "203.0.113.7"}), 1,
      {"[serve] cannot listen on 203.0.113.7"});
}

}  // namespace
}  // namespace circuit::cli::testing
