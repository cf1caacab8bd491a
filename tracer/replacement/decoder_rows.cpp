#include "tracer/replacement/decoder_rows.h"

#include <algorithm>
#include <tuple>

#include <ATen/ATen.h>

#include "tracer/machine/threads.h"

namespace circuit {

DecoderRows::DecoderRows(const TranscoderSet& transcoders, const std::vector<at::Tensor>& features,
                         std::int64_t keep_bytes)
    : transcoders_(&transcoders), layers_(features.size()) {
  for (std::size_t layer = 0; layer < layers_.size(); ++layer) {
    std::tie(layers_[layer].features, layers_[layer].index) =
        at::_unique(features[layer], /*sorted=*/true, /*return_inverse=*/true);
  }
  kept_ = bytes() <= keep_bytes;
  if (!kept_) return;
  parallel_tasks(layers_.size(), [&](std::size_t layer) {
    layers_[layer].rows =
        transcoders.decoder_rows(static_cast<std::int64_t>(layer), layers_[layer].features);
  });
}

at::Tensor DecoderRows::rows(std::int64_t from, std::int64_t layer) const {
  const Layer& chosen = layers_[static_cast<std::size_t>(from)];
  return kept_ ? chosen.rows.select(1, layer - from)
               : transcoders_->decoder_rows_into(from, chosen.features, layer);
}

std::int64_t DecoderRows::row_bytes() const {
  return transcoders_->info().d_model *
         static_cast<std::int64_t>(at::elementSize(transcoders_->dtype()));
}

std::int64_t DecoderRows::bytes() const {
  std::int64_t rows = 0;
  for (std::size_t layer = 0; layer < layers_.size(); ++layer) {
    const auto from = static_cast<std::int64_t>(layer);
    rows += layers_[layer].features.numel() * (transcoders_->last_written_layer(from) - from + 1);
  }
  return rows == 0 ? 0 : rows * row_bytes();
}

std::int64_t DecoderRows::largest_layer_bytes() const {
  std::int64_t largest = 0;
  std::int64_t running = 0;
  for (const Layer& layer : layers_) {
    running = transcoders_->info().cross_layer ? running + layer.features.numel()
                                               : layer.features.numel();
    largest = std::max(largest, running);
  }
  return largest == 0 ? 0 : largest * row_bytes();
}

}  // namespace circuit
