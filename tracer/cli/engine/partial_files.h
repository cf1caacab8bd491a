// Files `NAME.partial.PID` that a killed process left in the middle of writing NAME.
#pragma once

#include <filesystem>
#include <set>

#include "tracer/cli/output_files.h"

namespace circuit::cli {

/// Those of one folder, at the time of construction: one look at the folder, not one a file.
class PartialFiles {
 public:
  explicit PartialFiles(const std::filesystem::path& folder);

  /// Removes the partial files of `path`. Nobody may be writing it.
  void remove(const std::filesystem::path& path) const;
  /// The same for all files that a trace may write under this name.
  void remove_all_of(const OutputFiles& output) const;

 private:
  std::filesystem::path folder_;
  std::set<std::string> names_;
};

}  // namespace circuit::cli
