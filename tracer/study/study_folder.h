// The folder that a study writes to: files appear whole, and what a killed run had begun goes away.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace circuit {

class StudyFolder {
 public:
  explicit StudyFolder(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  /// Written since construction, in order.
  const std::vector<std::filesystem::path>& files() const { return files_; }

  /// Of files that studies write, and no others: the folder may hold other things. While nobody
  /// else writes.
  void remove_partial_files() const;
  /// `name` may lie in a folder, which is made. Throws std::runtime_error `[write] …`.
  void write(const std::filesystem::path& name, const std::string& text);
  void remove(const std::string& name) const;

 private:
  std::filesystem::path path_;
  std::vector<std::filesystem::path> files_;
};

}  // namespace circuit
