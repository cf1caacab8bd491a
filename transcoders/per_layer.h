// Directories of per-layer transcoders: one file per layer, features write to their own layer only.
#pragma once

#include <vector>

#include "transcoders/config.h"
#include "transcoders/layer_layout.h"

namespace circuit {

/// One entry per layer. Throws std::runtime_error `[load_transcoders] …`
/// when a layer has no file.
std::vector<LayerLayout> per_layer_layouts(const TranscoderConfig& config);

}  // namespace circuit
