// Mixes the gradient of one target back through a frozen attention pattern: the step between the
// two large products of the attention transpose. A broadcast batched product took 60 % of the
// backward; this takes its share of the flops: a kernel in registers for few positions, blocked
// products for many.
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace circuit {

struct MixShape {
  std::int64_t n_positions = 0;     ///< of the pattern
  std::int64_t zero_positions = 0;  ///< query positions below carry no gradient
  std::int64_t n_heads = 0;
  std::int64_t n_kv_heads = 0;
  std::int64_t d_head = 0;
};

/// For a target at `position`, at least zero_positions, and with rows counted from zero_positions:
///   mixed[k][g] = scale[k] · Σ_{h in group g} Σ_{q ≥ k} pattern[h, q, k] · outputs[q][h]
/// for k = zero_positions … position, and the same without scale in `zeroed` for the keys below.
/// Heads are slices of d_head elements. All contiguous and of one type, float or double:
///   pattern [n_heads, n, n] (0 where q < k), scale [n], outputs [rows, n_heads * d_head],
///   mixed [rows, n_kv_heads * d_head], zeroed [zero_positions, n_kv_heads * d_head] (may have
///   another stride between its rows).
/// Throws std::invalid_argument for other types.
void mix_pattern(const MixShape& shape, std::int64_t position, const at::Tensor& pattern,
                 const at::Tensor& scale, const at::Tensor& outputs, at::Tensor mixed,
                 at::Tensor zeroed);

}  // namespace circuit
