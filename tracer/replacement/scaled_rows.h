// Sums and lists of decoder rows times activations, for lists too short for matrix products.
#pragma once

#include <cstdint>
#include <span>

#include <ATen/core/Tensor.h>

namespace circuit {

/// A few of the rows of a matrix, each with a factor.
struct ScaledRows {
  at::Tensor rows;     ///< [any, d]; the last dimension contiguous
  at::Tensor index;    ///< i64 [k] into rows, contiguous
  at::Tensor factors;  ///< [k] in the sum type of rows, contiguous
};

/// sums[p] -= Σ factors[i] · rows[index[i]] over the i with positions[i] = p. sums: [n, d] in the
/// sum type of rows, contiguous; positions ascend. Parallel over positions; each sum in order of i.
void subtract_scaled_rows(at::Tensor sums, const ScaledRows& scaled,
                          std::span<const std::int32_t> positions);

/// Writes factors[i] · rows[index[i]] for i = first … first + count - 1 into the rows of `out`
/// [count, d], contiguous, of the type of rows.
void gather_scaled_rows(at::Tensor out, const ScaledRows& scaled, std::int64_t first,
                        std::int64_t count);

}  // namespace circuit
