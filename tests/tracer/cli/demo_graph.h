// One traced prompt of the demo, which all tests of a suite read.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"

namespace circuit::cli::testing {

/// Each test has a folder of its own, in which the program runs.
class DemoGraph : public ::testing::Test {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();

  /// `le contraire de petit est`, unpruned, with similarities.
  static std::string graph();
  /// Its viewer file.
  static nlohmann::json viewer_json();

  /// What `circuit COMMAND GRAPH ARGUMENTS --json` prints; null after a failure of the test.
  nlohmann::json run(const std::string& command, std::vector<std::string> arguments) const;
  /// The same must fail, with `texts` in its line (program.h).
  void fail(int exit_code, const std::string& command, std::vector<std::string> arguments,
            const std::vector<std::string>& texts) const;

  circuit::testing::TempDir out_;

 private:
  static std::unique_ptr<circuit::testing::TempDir> traced_;
};

}  // namespace circuit::cli::testing
