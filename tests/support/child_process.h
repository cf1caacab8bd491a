// Runs a program to its end and keeps what it printed.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace circuit::testing {

struct ChildOptions {
  std::filesystem::path directory = {};             ///< to run in; empty = this one
  std::string input = {};                           ///< its standard input
  std::optional<std::size_t> file_size_limit = {};  ///< bytes of any file it writes: a full disk
  std::filesystem::path output_file = {};           ///< takes its standard output; empty = `output`
};

struct ChildResult {
  int exit_code = -1;  ///< 128 + N when signal N ended it
  std::string output;
  std::string errors;
};

/// `arguments[0]` is the program. Throws std::runtime_error when it cannot be started.
ChildResult run_child(const std::vector<std::string>& arguments, const ChildOptions& options = {});

}  // namespace circuit::testing
