// Opens the files of layers and checks, from their headers, that they fit together.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "transcoders/activation.h"
#include "transcoders/activation_choice.h"
#include "transcoders/layer_layout.h"
#include "transcoders/weights/weight_file.h"

namespace circuit {

/// The two files of one layer, mapped; copies of each other where they are one file.
struct LayerFiles {
  WeightFile encoder;
  WeightFile decoder;
};

struct OpenedLayers {
  std::string operation;  ///< as given, for messages
  std::vector<LayerLayout> layouts;
  std::vector<LayerFiles> files;
  Activation activation;          ///< without thresholds, which differ from layer to layer
  bool threshold_is_log = false;  ///< as in ActivationChoice
  bool threshold_relu = false;
  std::int64_t d_model = 0;
  std::int64_t n_features = 0;
  bool has_skip = false;
  Dtype stored = Dtype::kF32;  ///< of the first encoder
};

/// At least one layer. Every tensor must be there in the shape that those of layer 0 ask for, every
/// tensor that is there must be known, and activation and tensors must agree. Reads no weights but
/// the number k. Throws std::runtime_error `[operation] FILE: …`.
OpenedLayers open_layers(const std::string& operation, std::vector<LayerLayout> layouts,
                         const ActivationChoice& choice);

/// "relu", "jumprelu", "topk 32", "topk 32 of positive values" or "groupmax 32".
std::string activation_text(const Activation& activation);

/// Every file once, in the order of the layers.
std::vector<std::filesystem::path> weight_files(const std::vector<LayerLayout>& layouts);

}  // namespace circuit
