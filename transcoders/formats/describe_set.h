// What a directory of transcoders holds, whichever format it is in.
#pragma once

#include <filesystem>

#include "transcoders/formats/description.h"

namespace circuit {

/// Throws std::runtime_error `[load_transcoders] …`; for a directory of no known form it lists what
/// was found there.
SetDescription describe_set(const std::filesystem::path& directory);

/// "config.json, model.safetensors": names in a directory, at most eight, in ascending order.
std::string names_in_directory(const std::filesystem::path& directory);

}  // namespace circuit
