// `errors.jsonl` in the folder of a list's files: the prompts whose last attempt failed, one JSON
// object a line. Several processes may change it; every change is a new file under a lock.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <set>
#include <span>
#include <string>

#include "tracer/cli/engine.h"

namespace circuit::cli {

/// Members throw std::runtime_error when the file cannot be written; lines that are no entries are
/// left out. With no entry there is no file.
class ErrorList {
 public:
  explicit ErrorList(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::filesystem::path path() const;

  /// Adds the prompt, or replaces what is there of it.
  void add(const ListedPrompt& prompt, const std::string& error);
  /// Removes the prompt if the file had it when it was settled last.
  void remove(const ListedPrompt& prompt);
  /// Leaves only prompts of the list, in its order, and none that `is_done`. Returns how many.
  std::size_t settle(std::span<const ListedPrompt> prompts,
                     const std::function<bool(const ListedPrompt&)>& is_done);

 private:
  std::filesystem::path folder_;
  std::set<std::string> known_;  // names
};

}  // namespace circuit::cli
