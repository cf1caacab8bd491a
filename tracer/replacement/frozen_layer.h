// One layer of the frozen network, forwards and transposed, in the steps at which streams can be
// told apart by head (docs/method.md, frozen attention). For any number of streams at once; the
// backward of a whole trace is linear_backward.h.
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "tracer/replacement/run.h"

namespace circuit {

/// Streams are [.., m, d_model] over m positions from one on (what is not there before it does not
/// come there later), or over the positions given; in the sum
/// type of the weights, or, to be more exact and slower, in f64. Looks at `run`; safe to use from
/// several threads.
class FrozenLayer {
 public:
  FrozenLayer(const ReplacementRun& run, std::int64_t layer, std::int64_t m,
              std::int64_t first = 0);
  /// Rows of a stream stand for any positions (i64 [m]) instead: everything but the mixing.
  FrozenLayer(const ReplacementRun& run, std::int64_t layer, const at::Tensor& positions);

  /// Attention's values of a stream ahead of the layer: [.., m, n_kv_heads * d_head]. With
  /// constants: plus the biases of norm and projection.
  at::Tensor values(const at::Tensor& stream, bool with_constants = false) const;
  /// What each head takes from the values of all positions: [.., m, n_heads * d_head].
  at::Tensor mixed(const at::Tensor& values) const;
  /// What heads add to the stream: [.., m, d_model].
  at::Tensor added(const at::Tensor& mixed, bool with_constants = false) const;

  /// Transpose of `added`: a gradient behind attention -> at what the heads took.
  at::Tensor pull_added(const at::Tensor& gradients) const;
  /// Transpose of `mixed`, each head by itself: -> [.., m, n_heads * d_head] at the values.
  at::Tensor pull_mixed(const at::Tensor& gradients) const;
  /// Transpose of `values`, of gradients by head: -> [.., m, d_model] ahead of the layer.
  at::Tensor pull_values(const at::Tensor& gradients) const;

  /// What the skip of the layer's transcoder adds behind the MLP, of a stream behind attention or
  /// of what is read there; undefined without a skip. The skip of a read that carries constants
  /// carries them too.
  at::Tensor skipped(const at::Tensor& stream) const;
  at::Tensor skip_of_read(const at::Tensor& read) const;
  /// Transpose of `skipped`; undefined without a skip.
  at::Tensor pull_skipped(const at::Tensor& gradients) const;

  /// What is written at the layer's write site, as it reaches the stream: [.., m, d_model].
  at::Tensor written(const at::Tensor& vectors) const;

 private:
  const ReplacementRun& run_;
  const Block& block_;
  at::Tensor pattern_;                            ///< [n_heads, m, m], or undefined
  at::Tensor attention_scale_, post_scale_;       ///< [m, 1], the second or undefined
  at::Tensor mlp_scale_, mlp_post_scale_, skip_;  ///< the last two or undefined
};

}  // namespace circuit
