// Finds the folders below a directory that hold one dictionary each, and puts layers together.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "transcoders/formats/description.h"

namespace circuit {

/// What DIRECTORY itself holds, in any format of one dictionary a folder; nothing when it holds
/// none. Throws std::runtime_error `[operation] FILE: …` for a damaged description.
std::optional<DictionaryDescription> describe_dictionary(const std::string& operation,
                                                         const std::filesystem::path& directory);

/// Those of DIRECTORY or of folders up to four levels below it, ascending by path. Links to folders
/// are not followed.
std::vector<DictionaryDescription> find_dictionaries(const std::string& operation,
                                                     const std::filesystem::path& directory);

/// One layer each, from 0 without gaps. Throws std::runtime_error `[load_transcoders] …` for an
/// SAE, a layer that is missing or there twice, and layers that differ in more than their weights.
SetDescription join_layers(const std::filesystem::path& directory,
                           std::vector<DictionaryDescription> layers);

}  // namespace circuit
