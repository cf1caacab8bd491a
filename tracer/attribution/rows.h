// Edge rows of targets as plain floats: the last stage that sees tensors.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "graph/attribution_graph.h"
#include "graph/edge_matrix.h"
#include "tracer/attribution/sources.h"
#include "tracer/replacement/linear_backward.h"
#include "tracer/replacement/linear_forward.h"

namespace circuit {

/// Rows in the order of the targets asked for, over the columns of the SourceTable (features,
/// errors, tokens), without exact zeros, and what each row sums to.
struct EdgeRows {
  EdgeMatrix edges;
  RowTotals totals;
};

/// What the rows of a batch explain.
struct RowTargets {
  std::vector<ReadPoint> reads;         ///< [b]
  at::Tensor covectors;                 ///< [b, d_model] at the read site
  std::vector<double> constants;        ///< [b] added after the read: encoder biases
  std::vector<double> pre_activations;  ///< [b] the live value of what is explained
};

/// Called with the number of rows done so far.
using RowProgress = std::function<void(std::int64_t rows)>;

/// Computes rows for one prompt; buffers live as long as it. `memory_bytes` bounds the buffers of a
/// batch, which holds at least one target, but not the sources and the finished rows; batches split
/// the targets in order, so results differ at most by rounding.
class RowComputer {
 public:
  RowComputer(ReplacementRun& run, std::int64_t memory_bytes);

  EdgeRows compute(const RowTargets& targets, const RowProgress& progress = {});
  const SourceTable& sources() const { return sources_; }

 private:
  std::int64_t batch_end(const RowTargets& targets, std::int64_t begin) const;

  const ReplacementRun& run_;
  SourceTable sources_;
  FrozenStream biases_;
  LinearBackward backward_;
  std::int64_t memory_bytes_;
};

}  // namespace circuit
