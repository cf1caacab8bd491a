// Where the running program lies; its library and its demo are found from there.
#pragma once

#include <filesystem>

namespace circuit::cli {

/// The folder of the executable, links followed. Throws std::runtime_error when unknown.
std::filesystem::path program_folder();

}  // namespace circuit::cli
