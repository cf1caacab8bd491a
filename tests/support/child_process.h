// Runs a program and keeps what it printed.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace circuit::testing {

struct ChildOptions {
  std::filesystem::path directory = {};             ///< to run in; empty = this one
  std::string input = {};                           ///< its standard input
  std::optional<std::size_t> file_size_limit = {};  ///< bytes of any file it writes: a full disk
  std::filesystem::path output_file = {};           ///< takes its standard output; empty = `output`
  std::vector<std::string> environment = {};        ///< NAME=VALUE, beside what is there
};

struct ChildResult {
  int exit_code = -1;  ///< 128 + N when signal N ended it
  std::string output;
  std::string errors;
};

/// A program that runs beside the test; killed with the object if it still runs.
class Child {
 public:
  /// `arguments[0]` is the program. Throws std::runtime_error when it cannot be started.
  explicit Child(const std::vector<std::string>& arguments, const ChildOptions& options = {});
  ~Child();
  Child(const Child&) = delete;  // owns a process
  Child& operator=(const Child&) = delete;

  /// What it has printed so far.
  std::string output() const;
  bool is_running();
  /// With SIGKILL.
  void kill();
  /// As Ctrl-C does.
  void interrupt();
  /// Returns when it has ended.
  ChildResult wait();

 private:
  TempDir streams_;
  std::filesystem::path output_file_;
  bool keeps_output_ = true;
  int process_ = 0;
  std::optional<int> exit_code_;
};

/// To its end.
ChildResult run_child(const std::vector<std::string>& arguments, const ChildOptions& options = {});

}  // namespace circuit::testing
