// Products of a few rows with a weight, which is what writing token by token consists of. They are
// bound by reading the weight: every value of it is read once, by all threads together. A BLAS,
// made for many rows, packs it first.
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace circuit {

/// Whether `few_rows_product` takes these: at most 64 rows, on the CPU, a weight in float, double
/// or bf16 with one dimension contiguous.
bool are_few_rows(const at::Tensor& x, const at::Tensor& weight);

/// x [n, in] in the sum type of the weight (rounded to bf16 for a weight in that type) with weight
/// [out, in] -> x Wᵀ [n, out]. A row of the result does not depend on the other rows, nor on their
/// number or that of threads: the same bits.
at::Tensor few_rows_product(const at::Tensor& x, const at::Tensor& weight);

}  // namespace circuit
