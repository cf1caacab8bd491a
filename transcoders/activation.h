// The activation functions of transcoders, on pre-activations [n_positions, n_features].
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace circuit {

enum class ActivationKind : std::uint8_t { kRelu, kJumpRelu, kTopK, kGroupMax };

/// ReLU: max(x, 0). JumpReLU: x where x > threshold (strict), else 0. TopK: keeps the k largest
/// values of each row as they are, negative ones too unless `topk_relu`; ties go to the lower
/// index. GroupMax: max(x, 0) of the largest of each of k groups of neighbours, the lower index of
/// equal ones; k divides n_features.
struct Activation {
  ActivationKind kind = ActivationKind::kRelu;
  std::int64_t k = 0;      ///< TopK and GroupMax only.
  bool topk_relu = false;  ///< TopK only.
  at::Tensor threshold;    ///< JumpReLU only: [n_features] or [] in the compute type.
};

/// [n_positions, n_features] -> the same shape; inactive entries are exactly 0.
at::Tensor apply_activation(const Activation& activation, const at::Tensor& pre_activations);

}  // namespace circuit
