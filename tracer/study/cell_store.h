// `cells.jsonl`: what a study has finished. Lines are added and never changed, each synced before
// `add` returns, so a process that is killed loses what it was doing and nothing else.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tracer/study/cell.h"

namespace circuit {

/// One store of a folder at a time, in all processes.
class CellStore {
 public:
  /// Makes the folder, takes its lock, reads what is there and cuts off a last line without its
  /// end. Throws std::runtime_error `[study] FILE…`: another process has it, it cannot be written,
  /// or a whole line is no cell.
  explicit CellStore(const std::filesystem::path& folder);
  ~CellStore();
  CellStore(const CellStore&) = delete;  // owns a file descriptor
  CellStore& operator=(const CellStore&) = delete;

  /// Null when it is not finished.
  const Cell* find(const std::string& key) const;
  bool has(const std::string& key) const { return find(key) != nullptr; }

  /// Appends and syncs, all or none. Cells that are there already are left out.
  void add(const std::vector<Cell>& cells);

 private:
  void read();
  void append(std::string_view text);
  [[noreturn]] void fail(const std::string& what) const;

  std::filesystem::path path_;
  int descriptor_ = -1;
  std::int64_t size_ = 0;  // bytes of whole lines
  std::map<std::string, Cell> cells_;
};

}  // namespace circuit
