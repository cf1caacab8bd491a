// A linear layer with an optional bias.
#pragma once

#include <ATen/core/Tensor.h>

namespace circuit {

/// x [n, in], weight [out, in], bias [out] or undefined -> x Wᵀ + b [n, out].
at::Tensor affine(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace circuit
