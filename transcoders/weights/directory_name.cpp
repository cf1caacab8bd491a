#include "transcoders/weights/directory_name.h"

namespace circuit {

std::string directory_name(const std::filesystem::path& directory) {
  const auto path = std::filesystem::weakly_canonical(directory);
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

}  // namespace circuit
