// Llamascopium (Language-Model-SAEs): cross-layer transcoders in config.json and one
// sae_weights.safetensors.
#pragma once

#include <filesystem>
#include <optional>

#include "transcoders/formats/description.h"

namespace circuit {

/// Nothing when the two files are not there or config.json has no `sae_type`. Throws
/// std::runtime_error `[load_transcoders] FILE: …`.
std::optional<SetDescription> describe_llamascopium(const std::filesystem::path& directory);

}  // namespace circuit
