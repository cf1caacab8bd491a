// `graph-metadata.json`: the list from which the static viewers choose a graph of a folder.
#pragma once

#include <filesystem>
#include <string>

namespace circuit {

/// An advisory lock on a folder, held while the object lives; waits for other processes. On file
/// systems that cannot lock folders (some network ones) it does nothing.
/// Throws std::runtime_error when the folder cannot be opened.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;  // owns a file descriptor
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_ = -1;
};

/// The index's text: the `metadata` of every graph file of the folder in order of file name, with
/// the file's name as `slug` because viewers open `{slug}.json`. Reads only the beginning of our
/// files; JSON that is no graph is left out. Throws std::runtime_error `[graph_index] PATH: …` for
/// a file that begins like a graph but whose metadata cannot be read.
std::string graph_index(const std::filesystem::path& folder);

}  // namespace circuit
