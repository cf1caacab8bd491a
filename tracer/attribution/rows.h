// Edge rows of targets as plain floats: the last stage that sees tensors.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "tracer/attribution/row_store.h"
#include "tracer/attribution/sources.h"
#include "tracer/replacement/linear_backward.h"
#include "tracer/replacement/linear_forward.h"

namespace circuit {

/// What the rows of a batch explain.
struct RowTargets {
  std::vector<ReadPoint> reads;         ///< [b]
  at::Tensor covectors;                 ///< [b, d_model] at the read site
  std::vector<double> constants;        ///< [b] added after the read: encoder biases
  std::vector<double> pre_activations;  ///< [b] the live value of what is explained
  ReadKind kind = ReadKind::kNodes;     ///< of all; `sweep` alone takes others than nodes
};

/// Computes rows for one prompt, in batches.
class RowEngine {
 public:
  virtual ~RowEngine() = default;
  /// Appends to `store` the rows of `targets`, which are `nodes` there, at the latest with the next
  /// `finish`; rows come in the order of the calls.
  virtual void add_rows(const RowTargets& targets, std::span<const std::int64_t> nodes,
                        RowStore& store) = 0;
  /// Returns when all rows are in `store`.
  virtual void finish(RowStore& store) = 0;
};

/// Computes rows on the CPU; buffers live as long as it. Uses all threads; results do not depend on
/// their number.
class RowComputer : public RowEngine {
 public:
  /// Products run in `products`: the model's own type, or a wider one to check it.
  RowComputer(const ReplacementRun& run, Sources& sources, at::ScalarType products);

  /// One sweep.
  void add_rows(const RowTargets& targets, std::span<const std::int64_t> nodes,
                RowStore& store) override;
  void finish(RowStore&) override {}

  /// The rows of `targets` alone, each zeroed before, columns.width(read) values of T, which is the
  /// sum type of the products.
  template <class T>
  void sweep(const RowTargets& targets, std::span<T* const> rows);

  /// Bytes for one target at `position`, beside its row.
  static std::int64_t bytes_per_target(const ReplacementRun& run, std::int64_t position);
  /// Bytes of buffers beside those, for all threads.
  static std::int64_t scratch_bytes(const ReplacementRun& run, const Sources& sources);

 private:
  const ReplacementRun& run_;
  Sources& sources_;
  FrozenStream biases_;  ///< on the CPU
  at::ScalarType products_;
  LinearBackward backward_;
};

}  // namespace circuit
