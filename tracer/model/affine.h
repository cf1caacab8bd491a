// A linear layer with an optional bias.
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace circuit {

/// What the rows of a product are.
enum class Rows : std::uint8_t {
  kTogether,  ///< positions of one text: the product that is fastest
  kApart,     ///< a row's bits do not depend on the other rows (few_rows.h), up to 64 of them
};

/// x [n, in], weight [out, in], bias [out] or undefined -> x Wᵀ + b [n, out]; x and the result in
/// the sum type of the weight (transcoders/product.h). Uses all threads.
at::Tensor affine(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                  Rows rows = Rows::kTogether);

}  // namespace circuit
