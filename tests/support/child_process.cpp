#include "tests/support/child_process.h"

#include <cstring>
#include <memory>
#include <stdexcept>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/file_size_limit.h"
#include "tests/support/temp_dir.h"

extern char** environ;

namespace circuit::testing {
namespace {

class FileActions {
 public:
  FileActions() { ::posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;  // owns C memory
  FileActions& operator=(const FileActions&) = delete;

  void open(int descriptor, const std::filesystem::path& path, int flags) {
    ::posix_spawn_file_actions_addopen(&actions_, descriptor, path.c_str(), flags, 0600);
  }
  void change_directory(const std::filesystem::path& path) {
    ::posix_spawn_file_actions_addchdir_np(&actions_, path.c_str());
  }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

pid_t spawn(const std::vector<std::string>& arguments, const FileActions& actions) {
  std::vector<char*> pointers;
  for (const std::string& argument : arguments) {
    pointers.push_back(const_cast<char*>(argument.c_str()));
  }
  pointers.push_back(nullptr);
  pid_t child = 0;
  const int error =
      ::posix_spawnp(&child, pointers.front(), actions.get(), nullptr, pointers.data(), environ);
  if (error != 0) {
    throw std::runtime_error("[run_child] " + arguments.front() + ": " + std::strerror(error));
  }
  return child;
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw std::runtime_error("[run_child] waitpid failed");
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

ChildResult run_child(const std::vector<std::string>& arguments, const ChildOptions& options) {
  const TempDir streams;
  const auto output = options.output_file.empty() ? streams / "output" : options.output_file;
  write_text(streams / "input", options.input);
  write_text(streams / "errors", "");
  FileActions actions;
  actions.open(0, streams / "input", O_RDONLY);
  actions.open(1, output, O_WRONLY | O_CREAT | O_TRUNC);
  actions.open(2, streams / "errors", O_WRONLY | O_APPEND);
  if (!options.directory.empty()) actions.change_directory(options.directory);

  std::unique_ptr<FileSizeLimit> limit;  // the child inherits limit and signal handling
  if (options.file_size_limit) limit = std::make_unique<FileSizeLimit>(*options.file_size_limit);
  const pid_t child = spawn(arguments, actions);
  limit.reset();
  const int exit_code = wait_for(child);
  return {.exit_code = exit_code,
          .output = options.output_file.empty() ? read_text(output) : std::string(),
          .errors = read_text(streams / "errors")};
}

}  // namespace circuit::testing
