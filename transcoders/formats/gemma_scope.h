// Gemma Scope: one params.npz a dictionary, which says nothing about itself; where it belongs is
// in the names of its folders. Gemma Scope 2: params.safetensors beside a config.json, and
// cross-layer transcoders of one file a layer.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "transcoders/formats/description.h"

namespace circuit {

/// Layouts of one such file, whatever it is of.
LayerLayout gemma_scope_layout(const std::filesystem::path& file);
LayerLayout gemma_scope_2_layout(const std::filesystem::path& file);

/// DIRECTORY/params.npz; nothing when there is none.
std::optional<DictionaryDescription> describe_gemma_scope(const std::filesystem::path& directory);

/// DIRECTORY/params.safetensors and config.json; nothing when the first is not there. Throws
/// std::runtime_error `[operation] …`.
std::optional<DictionaryDescription> describe_gemma_scope_2(const std::string& operation,
                                                            const std::filesystem::path& directory);

/// DIRECTORY/params_layer_0.safetensors and on; nothing when the first is not there.
std::optional<SetDescription> describe_gemma_scope_2_clt(const std::filesystem::path& directory);

/// The layouts of such a cross-layer set, layer by layer.
std::vector<LayerLayout> gemma_scope_2_clt_layouts(const std::vector<std::filesystem::path>& files);

}  // namespace circuit
