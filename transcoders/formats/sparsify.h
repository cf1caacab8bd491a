// EleutherAI's sparsify: cfg.json and sae.safetensors in a folder named after the module.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "transcoders/formats/description.h"

namespace circuit {

/// Nothing when the two files are not there. Throws std::runtime_error `[operation] FILE: …`.
std::optional<DictionaryDescription> describe_sparsify(const std::string& operation,
                                                       const std::filesystem::path& directory);

}  // namespace circuit
