// Contracts gradients with sources as the sweep passes, straight into the rows of the targets.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "tracer/attribution/sources.h"
#include "tracer/replacement/linear_backward.h"

namespace circuit {

/// T is the C++ type of the sums, float or double.
template <class T>
class EdgeSink : public GradientSink {
 public:
  /// `rows`: of each target of the batch, zeroed, columns.width(read) values.
  EdgeSink(Sources& sources, const BackwardBatch& batch, at::ScalarType products,
           std::span<T* const> rows);

  void write_site(std::int64_t layer, const at::Tensor& gradients) override;
  void embedding(const at::Tensor& gradients) override;
  void zeroed_values(std::int64_t layer, const at::Tensor& gradients) override;

  /// Bytes of a thread's buffers when at most `most_sources` write at one place.
  static std::int64_t scratch_bytes(std::int64_t d_model, std::int64_t most_sources);

 private:
  /// Buffers of one thread.
  struct Scratch {
    at::Tensor vectors, gradients, edges;
    std::vector<std::int64_t> slots;
  };
  /// Slots that have a row at `position`, a block of them.
  struct Task {
    std::int64_t position, first_slot, end_slot;
  };

  std::vector<Task> tasks(std::int64_t slots) const;
  /// edges [members, sources] of the slots of a task, a few at a time: visit(slots, edges).
  template <class Visit>
  void contract(const Task& task, const at::Tensor& gradients, const at::Tensor& vectors,
                Scratch& scratch, Visit&& visit) const;
  void add_edges(std::int64_t layer, std::int64_t position, std::int64_t slot,
                 const T* edges) const;

  Sources& sources_;
  const BackwardBatch& batch_;
  at::ScalarType products_;
  std::vector<T*> rows_;  ///< of each slot
  std::vector<Scratch> scratch_;
};

}  // namespace circuit
