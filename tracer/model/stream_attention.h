// Attention of rows that belong to different streams, each a further token over keys and values of
// its own.
#pragma once

#include <span>

#include <ATen/core/Tensor.h>

#include "tracer/model/attention.h"

namespace circuit {

/// x [n_streams, d_model] after the norm, `rotary` of the rows' positions: row i is the token
/// behind those of caches[i], which grows by it. -> [n_streams, d_model]. A row of the result is
/// the same bits whatever other streams there are (on the CPU, for at most 64). Equals
/// `attention_forward` of each row up to rounding.
at::Tensor stream_attention(const ModelConfig& config, const Attention& attention,
                            const RotaryTable& rotary, const at::Tensor& x,
                            std::span<KeyValueCache* const> caches);

}  // namespace circuit
