// The set that reads its weights from memory-mapped files, whichever kind of directory they are in.
#pragma once

#include <vector>

#include "transcoders/activation.h"
#include "transcoders/layer_layout.h"
#include "transcoders/transcoder_set.h"
#include "transcoders/weights/safetensors.h"

namespace circuit {

/// The two files of one layer, mapped; copies of each other where they are one file.
struct LayerFiles {
  SafetensorsFile encoder;
  SafetensorsFile decoder;
};

class MappedTranscoders final : public TranscoderSet {
 public:
  /// Shapes are checked already (load.cpp). Reads biases and thresholds; encoders are read when
  /// used, decoders a row at a time.
  MappedTranscoders(TranscoderInfo info, std::vector<LayerLayout> layouts,
                    std::vector<LayerFiles> files, const Activation& activation,
                    at::ScalarType dtype, at::Device device);

  at::Tensor encode(std::int64_t layer, const at::Tensor& inputs) const override;
  at::Tensor activate(std::int64_t layer, const at::Tensor& pre_activations) const override;
  at::Tensor encoder_rows(std::int64_t layer, const at::Tensor& features) const override;
  at::Tensor encoder_bias(std::int64_t layer) const override;
  at::Tensor decoder_rows(std::int64_t source_layer, const at::Tensor& features) const override;
  at::Tensor decoder_rows_into(std::int64_t source_layer, const at::Tensor& features,
                               std::int64_t layer) const override;
  at::Tensor decoder_bias(std::int64_t layer) const override;
  at::Tensor skip(std::int64_t layer) const override;

 private:
  struct Layer {
    LayerLayout layout;
    LayerFiles files;
    at::Tensor encoder_bias;  // [n_features], on the CPU
    at::Tensor added_bias;    // the same on the device
    at::Tensor decoder_bias;  // [d_model]
    Activation activation;
  };

  at::Tensor gather_decoder(std::string_view operation, std::int64_t source_layer,
                            const at::Tensor& features, std::optional<std::int64_t> written) const;
  const Layer& layer_at(std::string_view operation, std::int64_t layer) const;
  Layer open_layer(LayerLayout layout, LayerFiles files, const Activation& activation) const;
  at::Tensor small_tensor(const SafetensorsFile& file, const std::string& name) const;

  std::vector<Layer> layers_;
};

}  // namespace circuit
