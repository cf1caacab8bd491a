// Runs the built `circuit` and checks what every failure of it must look like.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/child_process.h"

namespace circuit::cli::testing {

using circuit::testing::ChildOptions;
using circuit::testing::ChildResult;

/// The command line of the program with `arguments`.
std::vector<std::string> circuit_command(const std::vector<std::string>& arguments);

ChildResult run_circuit(const std::vector<std::string>& arguments,
                        const ChildOptions& options = {});

/// Adds test failures unless `result` is a failure as promised: this exit code, nothing on standard
/// output, and one line `circuit: [operation] …` on standard error that holds every one of `texts`.
void expect_failure(const ChildResult& result, int exit_code,
                    const std::vector<std::string>& texts);

/// For parametrised tests whose parameter has a `name`.
template <typename Case>
std::string name_of_case(const ::testing::TestParamInfo<Case>& parameter) {
  return parameter.param.name;
}

/// The names of all files and folders below `folder`, sorted.
std::vector<std::string> files_below(const std::filesystem::path& folder);

/// The demo's model and transcoders below `folder`, as files that a test may change.
struct DemoCopy {
  explicit DemoCopy(const std::filesystem::path& folder);

  std::filesystem::path model;
  std::filesystem::path transcoders;

  /// `circuit trace` on them, with a prompt and `--out OUT --format json`.
  std::vector<std::string> trace_arguments(const std::filesystem::path& out) const;
};

}  // namespace circuit::cli::testing
