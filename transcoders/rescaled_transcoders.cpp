#include "transcoders/rescaled_transcoders.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include <ATen/ATen.h>

#include "transcoders/product.h"

namespace circuit {
namespace {

/// Decoder values that are looked at once.
constexpr std::int64_t kNormElements = std::int64_t{16} << 20;

/// sqrt of the sum of squares over everything that each feature writes: [n_features], kDouble.
at::Tensor decoder_norms(const TranscoderSet& set, std::int64_t layer) {
  const TranscoderInfo& info = set.info();
  const std::int64_t n_written = set.last_written_layer(layer) - layer + 1;
  const std::int64_t step = std::max<std::int64_t>(1, kNormElements / (n_written * info.d_model));
  at::Tensor norms = at::empty({info.n_features}, at::kDouble);
  for (std::int64_t begin = 0; begin < info.n_features; begin += step) {
    const std::int64_t count = std::min(step, info.n_features - begin);
    const at::Tensor rows = set.decoder_rows(layer, at::arange(begin, begin + count));
    norms.narrow(0, begin, count).copy_(rows.to(at::kDouble).square().sum({1, 2}).sqrt());
  }
  return norms;
}

class RescaledTranscoders final : public TranscoderSet {
 public:
  RescaledTranscoders(std::unique_ptr<TranscoderSet> set, const Rescaling& rescaling)
      : set_(std::move(set)), outputs_(rescaling.outputs) {
    info_ = set_->info();
    dtype_ = set_->dtype();
    device_ = set_->device();
    if (outputs_.empty()) outputs_.assign(static_cast<std::size_t>(info_.n_layers), 1.0);
    for (std::int64_t layer = 0; layer < info_.n_layers; ++layer) {
      layers_.push_back(make_layer(layer, rescaling));
    }
  }

  at::Tensor encode(std::int64_t layer, const at::Tensor& inputs) const override {
    const at::Tensor pre = set_->encode(layer, inputs);  // checks the layer
    const Layer& chosen = scale_of(layer);
    if (!chosen.bias_change.defined()) return pre;
    // W x + b, where b was divided: (W x + b) + (b/s − b), then times the norms.
    return (pre + chosen.bias_change.to(pre.options())) * chosen.feature.to(pre.options());
  }
  at::Tensor activate(std::int64_t layer, const at::Tensor& pre_activations) const override {
    static_cast<void>(set_->encoder_bias(layer));  // checks the layer
    return apply_activation(scale_of(layer).activation, pre_activations);
  }
  at::Tensor encoder_rows(std::int64_t layer, const at::Tensor& features) const override {
    const at::Tensor rows = set_->encoder_rows(layer, features);
    return (rows * features_at(layer, features).unsqueeze(1)).to(dtype_);
  }
  at::Tensor encoder_bias(std::int64_t layer) const override {
    const at::Tensor bias = set_->encoder_bias(layer);
    return (bias.to(at::kDouble) / scale_of(layer).input * scale_of(layer).feature).to(dtype_);
  }
  at::Tensor decoder_rows(std::int64_t source_layer, const at::Tensor& features) const override {
    const at::Tensor rows = set_->decoder_rows(source_layer, features);  // [k, n_written, d_model]
    std::vector<double> factors;
    for (std::int64_t i = 0; i < rows.size(1); ++i) {
      factors.push_back(written_factor(source_layer, source_layer + i));
    }
    const at::Tensor written = at::tensor(factors, at::kDouble).view({1, -1, 1});
    const at::Tensor norms = features_at(source_layer, features).view({-1, 1, 1});
    return (rows.to(at::kDouble) * written / norms).to(dtype_);
  }
  at::Tensor decoder_rows_into(std::int64_t source_layer, const at::Tensor& features,
                               std::int64_t layer) const override {
    const at::Tensor rows = set_->decoder_rows_into(source_layer, features, layer);
    const at::Tensor norms = features_at(source_layer, features).unsqueeze(1);
    return (rows.to(at::kDouble) * written_factor(source_layer, layer) / norms).to(dtype_);
  }
  at::Tensor decoder_bias(std::int64_t layer) const override {
    const at::Tensor bias = set_->decoder_bias(layer);
    return (bias.to(at::kDouble) / outputs_[static_cast<std::size_t>(layer)]).to(dtype_);
  }
  at::Tensor skip(std::int64_t layer) const override {
    const at::Tensor weight = set_->skip(layer);
    if (!weight.defined()) return weight;
    return (weight.to(at::kDouble) * written_factor(layer, layer)).to(dtype_);
  }
  const Activation& activation(std::int64_t layer) const override {
    static_cast<void>(set_->encoder_bias(layer));  // checks the layer
    return scale_of(layer).activation;
  }

 private:
  struct Layer {
    double input = 1;
    at::Tensor feature;      // [n_features], kDouble: what encoder rows are multiplied with
    at::Tensor bias_change;  // [n_features], undefined where encode changes nothing
    Activation activation;
  };

  Layer make_layer(std::int64_t layer, const Rescaling& rescaling) const {
    Layer result;
    result.activation = set_->activation(layer);
    if (!rescaling.inputs.empty()) result.input = rescaling.inputs[static_cast<std::size_t>(layer)];
    result.feature = at::ones({info_.n_features}, at::kDouble);
    const bool is_jump = result.activation.kind == ActivationKind::kJumpRelu;
    const bool norms_matter =
        rescaling.decoder_norms_select && result.activation.kind != ActivationKind::kRelu;
    at::Tensor threshold_divisor = at::full({}, result.input, at::kDouble);
    if (norms_matter) {
      // A feature that writes nothing has no norm to divide by; SAELens clamps likewise.
      const at::Tensor norms = decoder_norms(*set_, layer).clamp_min(1e-8);
      if (is_jump) {
        threshold_divisor = norms * result.input;
      } else {
        result.feature = norms;
      }
    }
    if (is_jump) {
      at::Tensor& threshold = result.activation.threshold;
      threshold =
          (threshold.to(at::kCPU, at::kDouble) / threshold_divisor).to(threshold.device(), dtype_);
    }
    if (result.input != 1 || (norms_matter && !is_jump)) {
      const at::Tensor bias = set_->encoder_bias(layer).to(at::kDouble);
      result.bias_change = (bias / result.input - bias).to(device_);
    }
    return result;
  }

  const Layer& scale_of(std::int64_t layer) const {
    return layers_[static_cast<std::size_t>(layer)];
  }
  at::Tensor features_at(std::int64_t layer, const at::Tensor& features) const {
    return scale_of(layer).feature.index_select(0, features);
  }
  double written_factor(std::int64_t source_layer, std::int64_t layer) const {
    return scale_of(source_layer).input / outputs_[static_cast<std::size_t>(layer)];
  }

  std::unique_ptr<TranscoderSet> set_;
  std::vector<double> outputs_;
  std::vector<Layer> layers_;
};

}  // namespace

std::string Rescaling::text() const {
  const std::string scales = inputs.empty() ? "" : "input and output scale";
  if (!decoder_norms_select) return scales;
  return scales + (scales.empty() ? "" : ", ") + "decoder norms";
}

std::unique_ptr<TranscoderSet> rescale(std::unique_ptr<TranscoderSet> set,
                                       const Rescaling& rescaling) {
  if (!rescaling.changes_something()) return set;
  assert(rescaling.inputs.size() == rescaling.outputs.size());
  return std::make_unique<RescaledTranscoders>(std::move(set), rescaling);
}

}  // namespace circuit
