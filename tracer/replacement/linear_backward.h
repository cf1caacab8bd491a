// The linear backward: many covectors pulled at once through the frozen network, from where each is
// read down to every place where sources write (docs/method.md, backward). No autograd, one copy of
// the prompt, and a layer costs large products only: output projection, value projection,
// contraction.
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "tracer/replacement/backward_batch.h"
#include "tracer/replacement/run.h"

namespace circuit {

/// Receives gradients as the sweep passes them, one call at a time; it may use all threads. The
/// tensors are the sweep's own and change after the call. Shapes are those of LinearBackward;
/// DeviceBackward says its own.
class GradientSink {
 public:
  virtual ~GradientSink() = default;
  /// Gradients [rows, d_model] at the write site of `layer`, of the batch's first
  /// active_rows(layer + 1) rows.
  virtual void write_site(std::int64_t layer, const at::Tensor& gradients) = 0;
  /// Gradients [total rows, d_model] at the token embedding.
  virtual void embedding(const at::Tensor& gradients) = 0;
  /// Gradients [attended_slots(layer), zero positions, n_kv_heads * d_head] at the attention values
  /// of zeroed positions; whatever flows into a zeroed position passes through one of these.
  virtual void zeroed_values(std::int64_t layer, const at::Tensor& gradients) = 0;
};

/// Holds the gradients' buffers, so that they are allocated once a trace. Not for use by two
/// threads at once; it uses all of them itself. Results do not depend on their number.
class LinearBackward {
 public:
  /// Products run in `products`: the model's own type, or a wider one to check it.
  LinearBackward(const ReplacementRun& run, at::ScalarType products);
  explicit LinearBackward(const ReplacementRun& run);

  /// Covectors [targets, d_model] in the order given to `batch`.
  void sweep(const BackwardBatch& batch, const at::Tensor& covectors, GradientSink& sink);

  /// Bytes of buffers for one target at `position`.
  static std::int64_t bytes_per_target(const ReplacementRun& run, std::int64_t position);
  /// Bytes of buffers beside those, for all threads, when no target lies beyond `position`.
  static std::int64_t scratch_bytes(const ReplacementRun& run, std::int64_t position);

 private:
  /// Slots first … end - 1, about as many rows as are worth a task.
  struct SlotBlock {
    std::int64_t first, end;
  };
  /// What a thread needs for one block: rows ahead of the output projection, and at the values.
  struct Scratch {
    at::Tensor outputs, mixed;
  };

  void reserve(const BackwardBatch& batch);
  std::vector<SlotBlock> slot_blocks(const BackwardBatch& batch, std::int64_t slots) const;
  void join(const BackwardBatch& batch, std::int64_t layer, const at::Tensor& covectors);
  at::Tensor pull_write(const BackwardBatch& batch, std::int64_t layer);
  void pull_skip(const BackwardBatch& batch, std::int64_t layer, const at::Tensor& written);
  void pull_attention(const BackwardBatch& batch, std::int64_t layer);
  at::Tensor rows_of(const BackwardBatch& batch, const SlotBlock& block) const;
  at::Tensor positions_of(const BackwardBatch& batch, const SlotBlock& block) const;

  const ReplacementRun& run_;
  at::ScalarType products_, sums_;
  at::Tensor gradients_;          ///< [total rows, d_model] in the residual stream
  at::Tensor written_;            ///< the same at a write site with a norm behind it
  at::Tensor zeroed_values_;      ///< [slots, zero positions, n_kv_heads * d_head]
  std::vector<Scratch> scratch_;  ///< one a thread
};

}  // namespace circuit
