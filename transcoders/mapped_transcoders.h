// The set that reads its weights from memory-mapped files, whichever kind of directory they are in.
#pragma once

#include <vector>

#include "transcoders/activation.h"
#include "transcoders/open_layers.h"
#include "transcoders/transcoder_set.h"

namespace circuit {

class MappedTranscoders final : public TranscoderSet {
 public:
  /// Throws std::invalid_argument unless `dtype` is kDouble, kFloat or kBFloat16. Reads biases and
  /// thresholds; encoders are read when used, decoders a row at a time.
  MappedTranscoders(TranscoderInfo info, OpenedLayers layers, at::ScalarType dtype,
                    at::Device device);

  at::Tensor encode(std::int64_t layer, const at::Tensor& inputs) const override;
  at::Tensor activate(std::int64_t layer, const at::Tensor& pre_activations) const override;
  at::Tensor encoder_rows(std::int64_t layer, const at::Tensor& features) const override;
  at::Tensor encoder_bias(std::int64_t layer) const override;
  at::Tensor decoder_rows(std::int64_t source_layer, const at::Tensor& features) const override;
  at::Tensor decoder_rows_into(std::int64_t source_layer, const at::Tensor& features,
                               std::int64_t layer) const override;
  at::Tensor decoder_bias(std::int64_t layer) const override;
  at::Tensor skip(std::int64_t layer) const override;
  const Activation& activation(std::int64_t layer) const override;

 private:
  struct Layer {
    LayerLayout layout;
    LayerFiles files;
    at::Tensor encoder_bias;  // [n_features], on the CPU
    at::Tensor added_bias;    // the same on the device
    at::Tensor decoder_bias;  // [d_model]
    Activation activation;
  };

  at::Tensor gather_decoder(const Layer& layer, const at::Tensor& features,
                            std::optional<std::int64_t> part) const;
  at::Tensor gather_part(const Layer& layer, const std::string& name,
                         const at::Tensor& features) const;
  at::Tensor read_threshold(const OpenedLayers& opened, std::size_t layer) const;
  const Layer& layer_at(std::string_view operation, std::int64_t layer) const;
  Layer open_layer(const OpenedLayers& opened, std::size_t layer) const;

  std::vector<Layer> layers_;
};

}  // namespace circuit
