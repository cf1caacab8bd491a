// A directory that appears whole or not at all: filled beside its final name, then renamed.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace circuit {

/// Made on construction as `NAME.partial.PID` beside the final place; `commit` renames it there;
/// destruction without it removes it and all in it. Every failure throws std::runtime_error
/// `[operation] PATH: reason`; a final place that holds anything is one, at construction and again
/// at the end.
class AtomicDirectory {
 public:
  AtomicDirectory(const std::filesystem::path& path, std::string_view operation);
  ~AtomicDirectory();
  AtomicDirectory(const AtomicDirectory&) = delete;  // owns a directory
  AtomicDirectory& operator=(const AtomicDirectory&) = delete;

  /// Where to write meanwhile.
  const std::filesystem::path& partial() const { return partial_; }
  void commit();

 private:
  std::filesystem::path path_, partial_;
  std::string operation_;
};

}  // namespace circuit
