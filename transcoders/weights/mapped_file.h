// A whole file, mapped read only. A file that another program shortens while it is mapped ends
// this one (SIGBUS): weights are replaced by renaming, never in place.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace circuit {

/// Owns one mapping.
class MappedFile {
 public:
  /// Throws std::runtime_error `[operation] PATH: reason (errno text)`. An empty file maps to an
  /// empty span; a directory is an error.
  MappedFile(const std::filesystem::path& path, std::string_view operation);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;  // owns a mapping
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Hands the physical memory of a part of a mapping back to the system; the next use reads it
/// again, mostly from the page cache. Never changes a value, also while others read.
void release_pages(std::span<const std::byte> mapped);

/// Throws std::runtime_error `[operation] PATH: reason (text of `error`)`; `error` is an errno.
[[noreturn]] void throw_file_error(std::string_view operation, const std::filesystem::path& path,
                                   std::string_view reason, int error);

/// Owns an open file descriptor until the end of the scope.
class ScopedDescriptor {
 public:
  /// Opens for reading; throws as MappedFile does.
  ScopedDescriptor(const std::filesystem::path& path, std::string_view operation);
  ~ScopedDescriptor();
  ScopedDescriptor(const ScopedDescriptor&) = delete;
  ScopedDescriptor& operator=(const ScopedDescriptor&) = delete;

  int get() const { return descriptor_; }
  /// Bytes in the file, a regular one.
  std::size_t size() const { return size_; }

 private:
  int descriptor_ = -1;
  std::size_t size_ = 0;
};

}  // namespace circuit
