// A linear layer with an optional bias.
#pragma once

#include <ATen/core/Tensor.h>

namespace circuit {

/// x [n, in], weight [out, in], bias [out] or undefined -> x Wᵀ + b [n, out]; x and the result in
/// the sum type of the weight (transcoders/product.h). Uses all threads.
at::Tensor affine(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace circuit
