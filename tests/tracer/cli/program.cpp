#include "tests/tracer/cli/program.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace circuit::cli::testing {

std::vector<std::string> circuit_command(const std::vector<std::string>& arguments) {
  std::vector<std::string> all = {CIRCUIT_PROGRAM};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

ChildResult run_circuit(const std::vector<std::string>& arguments, const ChildOptions& options) {
  return circuit::testing::run_child(circuit_command(arguments), options);
}

void expect_failure(const ChildResult& result, int exit_code,
                    const std::vector<std::string>& texts) {
  EXPECT_EQ(result.exit_code, exit_code) << result.errors;
  EXPECT_EQ(result.output, "");
  EXPECT_THAT(result.errors, ::testing::StartsWith("circuit: ["));
  EXPECT_EQ(std::ranges::count(result.errors, '\n'), 1) << result.errors;
  EXPECT_THAT(result.errors, ::testing::EndsWith("\n"));
  for (const std::string& text : texts) {
    EXPECT_THAT(result.errors, ::testing::HasSubstr(text));
  }
}

std::vector<std::string> files_below(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  if (!std::filesystem::exists(folder)) return names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    names.push_back(entry.path().lexically_relative(folder).string());
  }
  std::ranges::sort(names);
  return names;
}

DemoCopy::DemoCopy(const std::filesystem::path& folder)
    : model(folder / "model"), transcoders(folder / "clt") {
  const std::filesystem::path demo = CIRCUIT_DEMO_DIR;
  std::filesystem::copy(demo / "model", model);
  std::filesystem::copy(demo / "clt", transcoders);
}

std::vector<std::string> DemoCopy::trace_arguments(const std::filesystem::path& out) const {
  return {"trace",
          "--model",
          model,
          "--transcoders",
          transcoders,
          "--prompt",
          "the opposite of small is",
          "--out",
          out,
          "--format",
          "json"};
}

}  // namespace circuit::cli::testing
