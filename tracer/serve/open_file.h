// A file of the served folder, and copies of it that nobody else can change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>

namespace circuit::serve {

/// An open file, closed with the object. Copies are not needed: it moves.
class OpenFile {
 public:
  OpenFile(int descriptor, std::uint64_t size, std::string version)
      : descriptor_(descriptor), size_(size), version_(std::move(version)) {}
  ~OpenFile();
  OpenFile(OpenFile&& other) noexcept;
  OpenFile& operator=(OpenFile&& other) noexcept;

  std::uint64_t size() const { return size_; }
  /// Changes with the file: its place on the disk, size and time of change.
  const std::string& version() const { return version_; }
  /// Up to `size` bytes from `begin`; fewer at the end of the file. Empty when it cannot be read.
  std::string read(std::uint64_t begin, std::size_t size) const;

 private:
  int descriptor_;
  std::uint64_t size_;
  std::string version_;
};

/// A copy of `file` in memory, whole or only its first `size` bytes with zeros after them, to be
/// read by what maps files: the file itself may be cut short meanwhile.
class FileCopy {
 public:
  /// Throws std::runtime_error `[serve] …` when there is no memory for it.
  FileCopy(const OpenFile& file, std::uint64_t size);
  ~FileCopy();
  FileCopy(const FileCopy&) = delete;  // owns memory
  FileCopy& operator=(const FileCopy&) = delete;

  /// What `read(path)` returns; its errors name the file `name` instead, in one line.
  template <typename Read>
  auto read_as(const std::string& name, Read&& read) const {
    try {
      return read(path());
    } catch (const std::exception& error) {
      throw std::runtime_error(with_name(name, error.what()));
    }
  }

 private:
  std::filesystem::path path() const;
  std::string with_name(const std::string& name, std::string text) const;

  int descriptor_ = -1;
};

}  // namespace circuit::serve
