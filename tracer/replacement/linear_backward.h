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

/// Receives gradients as the sweep passes them. Calls come from several threads, never two for the
/// same rows; `first_row` counts within the position's block of the batch.
class GradientSink {
 public:
  virtual ~GradientSink() = default;
  /// Gradients [rows, d_model] at the write site of `layer`.
  virtual void write_site(std::int64_t layer, std::int64_t position, std::int64_t first_row,
                          const at::Tensor& gradients) = 0;
  /// Gradients [rows, d_model] at the token embedding.
  virtual void embedding(std::int64_t position, std::int64_t first_row,
                         const at::Tensor& gradients) = 0;
  /// Gradients [slots, n_kv_heads * d_head] at the attention values of a zeroed position, of slots
  /// first_slot …; whatever flows into a zeroed position passes through one of these.
  virtual void zeroed_values(std::int64_t layer, std::int64_t position, std::int64_t first_slot,
                             const at::Tensor& gradients) = 0;
};

/// Holds the gradients' buffers, so that they are allocated once a trace. Not for use by two
/// threads at once; it uses all of them itself. Results do not depend on their number.
class LinearBackward {
 public:
  explicit LinearBackward(const ReplacementRun& run) : run_(run) {}

  /// Covectors [targets, d_model] in the order given to `batch`.
  void sweep(const BackwardBatch& batch, const at::Tensor& covectors, GradientSink& sink);

  /// Bytes of buffers for one target at `position`.
  static std::int64_t bytes_per_target(const ReplacementRun& run, std::int64_t position);

 private:
  struct RowBlock {
    std::int64_t position, first_row, rows;
  };

  void reserve(const BackwardBatch& batch);
  std::vector<RowBlock> row_blocks(const BackwardBatch& batch, std::int64_t layer) const;
  at::Tensor rows_of(const at::Tensor& buffer, const BackwardBatch& batch,
                     const RowBlock& block) const;
  void join(const BackwardBatch& batch, std::int64_t layer, const at::Tensor& covectors);
  void pull_skip(const BackwardBatch& batch, std::int64_t layer, const RowBlock& block);
  void pull_attention(const BackwardBatch& batch, std::int64_t layer, GradientSink& sink);
  void mix(const BackwardBatch& batch, std::int64_t layer);

  const ReplacementRun& run_;
  at::Tensor gradients_;      ///< [total rows, d_model] blocks of positions, in the residual stream
  at::Tensor outputs_;        ///< [total rows, n_heads * d_head] ahead of the output projection
  at::Tensor mixed_;          ///< [total rows, n_kv_heads * d_head] at the values
  at::Tensor zeroed_values_;  ///< [zero positions, slots, n_kv_heads * d_head]
};

}  // namespace circuit
