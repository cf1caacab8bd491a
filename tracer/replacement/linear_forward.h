// The frozen linear map, forwards: how a vector added somewhere moves everything after it. Used for
// bias paths, for tokens at zeroed positions, and to check the backward (docs/method.md, bias
// paths).
#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

#include "tracer/replacement/run.h"

namespace circuit {

/// What enters the frozen network. Undefined tensors stand for zeros.
struct FrozenInput {
  at::Tensor embedding;             ///< [m, d_model] added to the residual stream ahead of layer 0
  std::vector<at::Tensor> written;  ///< [n_layers] of [m, d_model] at the write sites, or empty
  /// Also adds every constant: biases of attention and norms (at the read sites too).
  bool with_constants = false;
  bool keep_residuals = false;
};

/// What comes out, over the first m positions.
struct FrozenStream {
  std::vector<at::Tensor> residuals;  ///< [n_layers] of [m, d_model] ahead of the layers, if asked
  std::vector<at::Tensor> values;     ///< [n_layers] of [m, n_kv_heads * d_head] attention values
  std::vector<at::Tensor> reads;      ///< [n_layers] of [m, d_model] at the transcoders' read site
  at::Tensor final_read;              ///< [m, d_model] after the final norm
};

/// Pushes `input` through the first `m` positions of the frozen network; skip connections of the
/// transcoders are part of it. Causality makes the first m positions independent of later ones.
FrozenStream linear_forward(const ReplacementRun& run, const FrozenInput& input, std::int64_t m);

/// Everything that reaches a read without coming from a node: decoder biases, biases of attention
/// and norms, positional embeddings, MLP outputs of the zeroed positions beyond their skip.
FrozenStream bias_stream(const ReplacementRun& run, bool keep_residuals = false);

/// What the token of each zeroed position alone puts on the zeroed positions: [zero_positions].
std::vector<FrozenStream> zeroed_token_streams(const ReplacementRun& run,
                                               bool keep_residuals = false);

}  // namespace circuit
