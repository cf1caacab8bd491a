// Causal attention: the forward, and with the pattern frozen the linear value path.
// The transpose of the value path works on many targets at once and lives in
// tracer/replacement/linear_backward.cpp, which is built on `fold_value_norm`.
#pragma once

#include <ATen/core/Tensor.h>

#include "tracer/model/config.h"
#include "tracer/model/norm.h"
#include "tracer/model/rope.h"

namespace circuit {

/// Projections [out, in]; biases [out], undefined when the family has none.
struct Attention {
  at::Tensor query, key, value, output;
  at::Tensor query_bias, key_bias, value_bias, output_bias;
};

struct AttentionOutput {
  at::Tensor pattern;  ///< [n_heads, n, n], row = query position
  at::Tensor output;   ///< [n, d_model]
};

/// x [n, d_model] after the norm. `rotary` is ignored for learned positions.
AttentionOutput attention_forward(const ModelConfig& config, const Attention& attention,
                                  const RotaryTable& rotary, const at::Tensor& x);

/// Values mixed by a frozen pattern and projected: values [n, n_kv_heads * d_head] -> [n, d_model],
/// without the output bias. Linear in `values`.
at::Tensor attention_push(const ModelConfig& config, const Attention& attention,
                          const at::Tensor& pattern, const at::Tensor& values);

/// The matrix [n_kv_heads * d_head, d_model] that takes a gradient at the values to a gradient at
/// the block's input, up to the position's frozen scale: value projection, gain and centring in
/// one; in the sum type of the weights.
at::Tensor fold_value_norm(const Attention& attention, const Norm& norm);

}  // namespace circuit
