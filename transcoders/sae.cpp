#include "transcoders/sae.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <ATen/ATen.h>

#include "transcoders/product.h"

namespace circuit {
namespace {

/// Decoder rows that are multiplied at once: 64 MiB of floats.
constexpr std::int64_t kDecodedElements = std::int64_t{16} << 20;

}  // namespace

Sae::Sae(SaeInfo info, std::unique_ptr<const TranscoderSet> dictionary)
    : info_(std::move(info)), dictionary_(std::move(dictionary)) {}

at::Tensor Sae::encode(const at::Tensor& inputs) const {
  at::Tensor scaled = info_.input_scale == 1 ? inputs : inputs * info_.input_scale;
  if (info_.apply_b_dec_to_input) {
    scaled = scaled - dictionary_->decoder_bias(0).to(inputs.scalar_type());
  }
  return dictionary_->encode(0, scaled);
}

at::Tensor Sae::activate(const at::Tensor& pre_activations) const {
  return dictionary_->activate(0, pre_activations);
}

at::Tensor Sae::activations(const at::Tensor& inputs) const { return activate(encode(inputs)); }

at::Tensor Sae::decode(const at::Tensor& activations) const {
  const at::ScalarType type = sum_type(dtype());
  if (activations.dim() != 2 || activations.size(1) != info_.n_features ||
      activations.scalar_type() != type) {
    throw std::invalid_argument("[decode] activations have " + std::to_string(activations.dim()) +
                                " dimensions of " + c10::toString(activations.scalar_type()) +
                                ", expected [any, " + std::to_string(info_.n_features) + "] of " +
                                c10::toString(type));
  }
  const at::Tensor active = (activations != 0).any(0).nonzero().flatten();  // [k]
  at::Tensor result = decoder_bias().to(type).repeat({activations.size(0), 1});
  const std::int64_t step = std::max<std::int64_t>(1, kDecodedElements / info_.d_model);
  for (std::int64_t begin = 0; begin < active.size(0); begin += step) {
    const at::Tensor part = active.narrow(0, begin, std::min(step, active.size(0) - begin));
    add_product(result, activations.index_select(1, part),
                decoder_rows(part.to(at::kCPU)).to(device()));
  }
  return result;
}

at::Tensor Sae::encoder_rows(const at::Tensor& features) const {
  return dictionary_->encoder_rows(0, features) * info_.input_scale;
}

at::Tensor Sae::decoder_rows(const at::Tensor& features) const {
  return dictionary_->decoder_rows_into(0, features, 0) / info_.input_scale;
}

at::Tensor Sae::decoder_bias() const { return dictionary_->decoder_bias(0) / info_.input_scale; }

}  // namespace circuit
