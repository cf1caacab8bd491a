// What a directory of weights is called in reports and graph files.
#pragma once

#include <filesystem>
#include <string>

namespace circuit {

/// The last part of the path, links resolved, with or without a slash at its end.
std::string directory_name(const std::filesystem::path& directory);

}  // namespace circuit
