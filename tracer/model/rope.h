// Rotary position embedding in the half-split layout of Hugging Face's Llama, with
// frequencies scaled linearly, as Llama 3 does, or by factors that the file lists.
#pragma once

#include <ATen/core/Tensor.h>

#include "tracer/model/config.h"

namespace circuit {

struct RotaryTable {
  at::Tensor cosines;  ///< [n_positions, d_head]
  at::Tensor sines;    ///< [n_positions, d_head]
};

/// The table of layers of one span for positions 0 … n_positions - 1, computed in double on the
/// CPU, rounded to `dtype`.
RotaryTable rotary_table(const ModelConfig& config, AttentionSpan span, std::int64_t n_positions,
                         at::ScalarType dtype, at::Device device = at::kCPU);

/// The rows of `table` from position `first` on, `count` of them; undefined tensors stay so.
RotaryTable positions_of(const RotaryTable& table, std::int64_t first, std::int64_t count);

struct RotaryTables {
  RotaryTable full, sliding;

  const RotaryTable& of(AttentionSpan span) const {
    return span == AttentionSpan::kFull ? full : sliding;
  }
};

/// Of both spans; without tensors for models that have learned positions.
RotaryTables rotary_tables(const ModelConfig& config, std::int64_t n_positions,
                           at::ScalarType dtype, at::Device device = at::kCPU);

/// x [heads, n_positions, d_head] -> the same, rotated.
at::Tensor apply_rotary(const RotaryTable& table, const at::Tensor& x);

}  // namespace circuit
