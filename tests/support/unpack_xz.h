// Unpacks the reference data that is kept as .xz.
#pragma once

#include <filesystem>
#include <string>

namespace circuit::testing {

/// Throws std::runtime_error when the file cannot be read or is damaged.
std::string unpack_xz(const std::filesystem::path& path);

}  // namespace circuit::testing
