#include "tests/support/child_process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string_view>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/file_size_limit.h"

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

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment_with(const std::vector<std::string>& added) {
  std::vector<std::string> all = added;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const std::string_view name = text.substr(0, text.find('=') + 1);
    const bool replaced =
        std::ranges::any_of(added, [&](const std::string& one) { return one.starts_with(name); });
    if (!replaced) all.emplace_back(text);
  }
  return all;
}

pid_t spawn(const std::vector<std::string>& arguments, const FileActions& actions,
            const std::vector<std::string>& environment) {
  const std::vector<char*> argument_pointers = pointers_to(arguments);
  const std::vector<char*> environment_pointers = pointers_to(environment);
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, argument_pointers.front(), actions.get(), nullptr,
                                   argument_pointers.data(), environment_pointers.data());
  if (error != 0) {
    throw std::runtime_error("[run_child] " + arguments.front() + ": " + std::strerror(error));
  }
  return child;
}

/// The exit code when the process has ended, which `flags` may be told not to wait for.
std::optional<int> wait_for(pid_t child, int flags) {
  int status = 0;
  pid_t ended = -1;
  while ((ended = ::waitpid(child, &status, flags)) < 0) {
    if (errno != EINTR) throw std::runtime_error("[run_child] waitpid failed");
  }
  if (ended == 0) return std::nullopt;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Child::Child(const std::vector<std::string>& arguments, const ChildOptions& options)
    : output_file_(options.output_file.empty() ? streams_ / "output" : options.output_file),
      keeps_output_(options.output_file.empty()) {
  write_text(streams_ / "input", options.input);
  write_text(streams_ / "errors", "");
  FileActions actions;
  actions.open(0, streams_ / "input", O_RDONLY);
  actions.open(1, output_file_, O_WRONLY | O_CREAT | O_TRUNC);
  actions.open(2, streams_ / "errors", O_WRONLY | O_APPEND);
  if (!options.directory.empty()) actions.change_directory(options.directory);

  std::unique_ptr<FileSizeLimit> limit;  // the child inherits limit and signal handling
  if (options.file_size_limit) limit = std::make_unique<FileSizeLimit>(*options.file_size_limit);
  process_ = spawn(arguments, actions, environment_with(options.environment));
}

Child::~Child() {
  if (exit_code_) return;
  kill();
  wait_for(process_, 0);
}

std::string Child::output() const { return read_text(output_file_); }

bool Child::is_running() {
  if (!exit_code_) exit_code_ = wait_for(process_, WNOHANG);
  return !exit_code_;
}

void Child::kill() {
  if (!exit_code_) ::kill(process_, SIGKILL);
}

void Child::interrupt() {
  if (!exit_code_) ::kill(process_, SIGINT);
}

ChildResult Child::wait() {
  if (!exit_code_) exit_code_ = wait_for(process_, 0);
  return {.exit_code = *exit_code_,
          .output = keeps_output_ ? output() : std::string(),
          .errors = read_text(streams_ / "errors")};
}

ChildResult run_child(const std::vector<std::string>& arguments, const ChildOptions& options) {
  return Child(arguments, options).wait();
}

}  // namespace circuit::testing
