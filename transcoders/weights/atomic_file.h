// A file that appears whole or not at all: written beside its final name, then renamed.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace circuit {

/// Opened on construction as `NAME.partial.PID` in the same directory; `commit` syncs and renames;
/// destruction without it removes the partial file. Every failure throws std::runtime_error
/// `[operation] PATH: reason (errno text)`. Two writers of one path do not disturb each other: the
/// last to commit wins. Not for pipes and devices.
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& path, std::string_view operation = "write");
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;  // owns a file descriptor
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);
  /// At most once, after the last write.
  void commit();

 private:
  [[noreturn]] void fail(std::string_view reason, int error) const;

  std::filesystem::path path_, partial_;
  std::string operation_;
  int descriptor_ = -1;
};

/// The whole of `text` in one go.
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

}  // namespace circuit
