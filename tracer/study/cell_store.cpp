#include "tracer/study/cell_store.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace circuit {

CellStore::CellStore(const std::filesystem::path& folder) : path_(folder / "cells.jsonl") {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!std::filesystem::is_directory(folder)) {
    throw std::runtime_error("[study] " + folder.string() + ": cannot be made a folder (" +
                             error.message() + ")");
  }
  descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail(std::string("cannot be written (") + std::strerror(errno) + ")");
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    const bool taken = errno == EWOULDBLOCK;
    ::close(std::exchange(descriptor_, -1));
    if (taken) fail("another run writes this folder, expected one at a time");
    fail(std::string("cannot be locked (") + std::strerror(errno) + ")");
  }
  try {
    read();
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

CellStore::~CellStore() { ::close(descriptor_); }

void CellStore::fail(const std::string& what) const {
  throw std::runtime_error("[study] " + path_.string() + ": " + what);
}

void CellStore::read() {
  std::ifstream stream(path_, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  std::size_t begin = 0, number = 0;
  for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n', begin)) {
    ++number;
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    try {
      Cell cell = parse_cell(line);
      std::string key = cell.key;
      cells_.emplace(std::move(key), std::move(cell));
    } catch (const std::runtime_error& error) {
      fail("line " + std::to_string(number) + " " + error.what() +
           ", expected the file as it was written; remove it to begin anew");
    }
  }
  size_ = static_cast<std::int64_t>(begin);
  if (begin == text.size()) return;
  if (::ftruncate(descriptor_, static_cast<off_t>(begin)) != 0) {
    fail(std::string("cannot be cut (") + std::strerror(errno) + ")");
  }
}

const Cell* CellStore::find(const std::string& key) const {
  const auto found = cells_.find(key);
  return found == cells_.end() ? nullptr : &found->second;
}

void CellStore::add(const std::vector<Cell>& cells) {
  std::string text;
  for (const Cell& cell : cells) {
    if (!has(cell.key)) text += cell_line(cell);
  }
  append(text);
  for (const Cell& cell : cells) cells_.emplace(cell.key, cell);
}

// All of it, or the file is as before.
void CellStore::append(std::string_view text) {
  const auto undo = [&](const char* what) {
    const int error = errno;
    const bool cut = ::ftruncate(descriptor_, size_) == 0;
    fail(std::string(what) + " (" + std::strerror(error) + ")" + (cut ? "" : ", and is torn"));
  };
  for (std::string_view rest = text; !rest.empty();) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) undo("cannot be written");
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (!text.empty() && ::fsync(descriptor_) != 0) undo("cannot be synced");
  size_ += static_cast<std::int64_t>(text.size());
}

}  // namespace circuit
