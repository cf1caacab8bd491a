#include "transcoders/activation.h"

#include <cassert>
#include <stdexcept>
#include <string>

#include <ATen/ATen.h>

namespace circuit {
namespace {

at::Tensor keep_where(const at::Tensor& mask, const at::Tensor& values) {
  return at::where(mask, values, at::zeros({}, values.options()));
}

/// at::topk alone may pick any of several equal values. The k-th largest value is unique, so
/// everything above it stays and equal ones fill the rest from the left.
at::Tensor keep_largest(const at::Tensor& values, std::int64_t k) {
  const std::int64_t n_features = values.size(1);
  if (k < 1 || k > n_features) {
    throw std::invalid_argument("[apply_activation] k is " + std::to_string(k) +
                                ", expected 1 to " + std::to_string(n_features));
  }
  const at::Tensor largest = std::get<0>(at::topk(values, k, /*dim=*/1));  // [n_positions, k]
  const at::Tensor smallest_kept = largest.narrow(1, k - 1, 1);            // [n_positions, 1]
  const at::Tensor above = values > smallest_kept;
  const at::Tensor equal = values == smallest_kept;
  const at::Tensor n_free = k - above.sum(1, /*keepdim=*/true);  // [n_positions, 1]
  return keep_where(above | (equal & (equal.cumsum(1) <= n_free)), values);
}

/// at::max may pick any of several equal values, so that the first is found by its place.
at::Tensor keep_largest_of_groups(const at::Tensor& values, std::int64_t n_groups) {
  const std::int64_t n_features = values.size(1);
  if (n_groups < 1 || n_features % n_groups != 0) {
    throw std::invalid_argument("[apply_activation] k is " + std::to_string(n_groups) +
                                ", expected a divisor of " + std::to_string(n_features));
  }
  const at::Tensor groups = at::relu(values).view({values.size(0), n_groups, -1});
  const at::Tensor equal = groups == groups.amax(2, /*keepdim=*/true);
  return keep_where(equal & (equal.cumsum(2) == 1), groups).view(values.sizes());
}

}  // namespace

at::Tensor apply_activation(const Activation& activation, const at::Tensor& pre_activations) {
  assert(pre_activations.dim() == 2);
  switch (activation.kind) {
    case ActivationKind::kRelu:
      return at::relu(pre_activations);
    case ActivationKind::kJumpRelu:
      return keep_where(pre_activations > activation.threshold, pre_activations);
    case ActivationKind::kTopK:
      return activation.topk_relu ? at::relu(keep_largest(pre_activations, activation.k))
                                  : keep_largest(pre_activations, activation.k);
    case ActivationKind::kGroupMax:
      return keep_largest_of_groups(pre_activations.contiguous(), activation.k);
  }
  throw std::invalid_argument("[apply_activation] no such kind");
}

}  // namespace circuit
