// SAELens: cfg.json (of version 6, or flat as before it) and sae_weights.safetensors.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "transcoders/formats/description.h"

namespace circuit {

/// Nothing when the two files are not there. Throws std::runtime_error `[operation] FILE: …`.
std::optional<DictionaryDescription> describe_saelens(const std::string& operation,
                                                      const std::filesystem::path& directory);

}  // namespace circuit
