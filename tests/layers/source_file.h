// What a source file includes, from text or from the disk. No preprocessor: a conditional include
// counts.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace circuit::layers {

struct Include {
  std::string path;     ///< What stands between the quotes or the angle brackets.
  bool quoted = false;  ///< Written with quotes: a file of ours.
  int line = 0;         ///< Counted from 1.
};

struct SourceFile {
  std::string path;  ///< From the root of the repository: "graph/prune.h".
  std::vector<Include> includes;

  [[nodiscard]] bool is_header() const { return path.ends_with(".h"); }
};

SourceFile parse_source(std::string path, std::string_view text);

/// Every .h, .cpp and .cu file below `root`/folder for each folder that exists, sorted by path.
std::vector<SourceFile> read_sources(const std::filesystem::path& root,
                                     std::span<const std::string> folders);

}  // namespace circuit::layers
