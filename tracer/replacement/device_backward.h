// The linear backward for a device with many small cores (docs/method.md, backward): what
// linear_backward.h does, in a few large products over all targets and positions of a batch. It
// tells no device from another: on CPU tensors it is slower than LinearBackward and gives the same.
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "tracer/replacement/backward_batch.h"
#include "tracer/replacement/linear_backward.h"
#include "tracer/replacement/run.h"

namespace circuit {

/// Gradients are [positions, slots, d_model]: those of every target of a batch at the positions
/// zero_positions … the last that any of them reads at, 0 after its own. Slots that have joined
/// are always all there are, so every product runs on one contiguous matrix; where targets join,
/// the rows move to a second buffer. On the run's device; nothing waits for it.
class DeviceBackward {
 public:
  /// Products run in `products`; what is added up is kept in its sum type.
  DeviceBackward(const ReplacementRun& run, at::ScalarType products);

  /// Covectors [targets, d_model] on the device, in the order given to `batch`. The sink gets
  ///   write_site     [carried positions, active_slots(layer + 1), d_model]
  ///   embedding      [carried positions, slots, d_model]
  ///   zeroed_values  [zero positions, attended_slots(layer), n_kv_heads * d_head]
  void sweep(const BackwardBatch& batch, const at::Tensor& covectors, GradientSink& sink);

  /// Bytes of the device for each position of each target, and beside those.
  static std::int64_t bytes_per_row(const ReplacementRun& run);
  static std::int64_t fixed_bytes(const ReplacementRun& run);

 private:
  at::TensorOptions options() const;
  void reserve(const BackwardBatch& batch);
  void join(const BackwardBatch& batch, std::int64_t layer, const at::Tensor& covectors);
  /// Gradients at the write site of `layer`: those in the residual stream, or pulled through the
  /// norm between the two.
  at::Tensor pull_write(std::int64_t layer) const;
  void pull_skip(std::int64_t layer, const at::Tensor& written);
  /// Returns the gradients at the values of zeroed positions.
  at::Tensor pull_attention(std::int64_t layer);
  /// [n_kv_heads, keys, heads of a group * queries]: the pattern with its sum over queries and
  /// heads of a group as the inner dimension, the scale of the norm in its rows.
  at::Tensor mixing_matrix(std::int64_t layer, std::int64_t positions) const;

  const ReplacementRun& run_;
  at::ScalarType products_, sums_;
  std::vector<at::Tensor> skips_;  ///< [n_layers] once used
  at::Tensor gradients_, spare_;   ///< [positions, slots, d_model]
  at::Tensor outputs_, heads_;     ///< of all rows, ahead of the output projection
  at::Tensor mixed_, values_;      ///< at the attention values, by head and by row
};

}  // namespace circuit
