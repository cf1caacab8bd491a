// Reads the compressed files of tests/golden.
#pragma once

#include <filesystem>
#include <string>

namespace circuit::testing {

/// The uncompressed bytes of a .gz file. Throws std::runtime_error when it is missing or damaged.
std::string gunzip(const std::filesystem::path& path);

}  // namespace circuit::testing
