// Mixes gradients back through a frozen attention pattern, one target at a time: the kernel between
// the two large products of the attention transpose. A broadcast batched product took 60 % of the
// backward; this takes its share of the flops.
#pragma once

#include <cstdint>
#include <span>

#include <ATen/core/Tensor.h>

namespace circuit {

struct MixShape {
  std::int64_t n_positions = 0;     ///< of the pattern
  std::int64_t zero_positions = 0;  ///< query positions below carry no gradient
  std::int64_t n_heads = 0;
  std::int64_t n_kv_heads = 0;
  std::int64_t d_head = 0;
};

/// For a target at `position`: mixed[k][g] = Σ_{h in group g} Σ_{q = max(k,
/// zero_positions)}^{position} pattern[h, q, k] · outputs[q][h], for k = 0 … position; heads are
/// slices of d_head elements. `pattern` is contiguous [n_heads, n, n]; outputs[q] points at n_heads
/// * d_head elements (null for zeroed q), mixed[k] at n_kv_heads * d_head. Types: kFloat, kDouble,
/// kBFloat16 (sums in float).
void mix_pattern(at::ScalarType type, const void* pattern, const MixShape& shape,
                 std::int64_t position, std::span<const void* const> outputs,
                 std::span<void* const> mixed);

}  // namespace circuit
