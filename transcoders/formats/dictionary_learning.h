// saprmarks' dictionary_learning: config.json and ae.safetensors. The ae.pt that it saves is a
// pickle, a program that would run on loading, and is not read.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "transcoders/formats/description.h"

namespace circuit {

/// Nothing when config.json or both weight files are not there. Throws std::runtime_error
/// `[operation] FILE: …`, for an ae.pt alone with the command that converts it.
std::optional<DictionaryDescription> describe_dictionary_learning(
    const std::string& operation, const std::filesystem::path& directory);

}  // namespace circuit
