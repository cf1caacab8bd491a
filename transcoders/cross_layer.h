// Directories of cross-layer transcoders: an encoder and a decoder file per layer, features write
// to their own and every later layer.
#pragma once

#include <vector>

#include "transcoders/config.h"
#include "transcoders/layer_layout.h"

namespace circuit {

/// One entry per layer. Throws std::runtime_error `[load_transcoders] …`
/// when a layer lacks a file.
std::vector<LayerLayout> cross_layer_layouts(const TranscoderConfig& config);

}  // namespace circuit
