#include "transcoders/dead_features.h"

#include <algorithm>

#include <ATen/ATen.h>

namespace circuit {
namespace {

/// Values that are looked at once: 64 MiB of floats.
constexpr std::int64_t kPartElements = std::int64_t{16} << 20;

std::int64_t count_zero_rows(const at::Tensor& rows) {
  return rows.flatten(1).ne(0).any(1).logical_not().sum().item<std::int64_t>();
}

DeadFeatures count_layer(const TranscoderSet& set, std::int64_t layer) {
  const TranscoderInfo& info = set.info();
  const std::int64_t n_written = set.last_written_layer(layer) - layer + 1;
  const std::int64_t step = std::max<std::int64_t>(1, kPartElements / (info.d_model * n_written));
  DeadFeatures dead;
  for (std::int64_t begin = 0; begin < info.n_features; begin += step) {
    const at::Tensor features = at::arange(begin, std::min(begin + step, info.n_features));
    dead.encoder_rows += count_zero_rows(set.encoder_rows(layer, features));
    dead.decoder_rows += count_zero_rows(set.decoder_rows(layer, features));
  }
  const Activation& activation = set.activation(layer);
  if (activation.kind == ActivationKind::kJumpRelu) {
    const std::int64_t off = activation.threshold.isinf().sum().item<std::int64_t>();
    dead.thresholds = activation.threshold.dim() == 0 ? off * info.n_features : off;
  }
  return dead;
}

}  // namespace

std::vector<DeadFeatures> count_dead_features(const TranscoderSet& set) {
  std::vector<DeadFeatures> layers;
  for (std::int64_t layer = 0; layer < set.info().n_layers; ++layer) {
    layers.push_back(count_layer(set, layer));
  }
  return layers;
}

}  // namespace circuit
