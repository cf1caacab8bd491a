// How many floating-point operations each stage must do, counted from shapes (docs/performance.md):
// a multiply-add is two, and what a program does beyond that, padding for example, does not count.
#pragma once

#include "tracer/attribution/columns.h"
#include "tracer/replacement/backward_batch.h"
#include "tracer/replacement/run.h"

namespace circuit::bench {

/// All in GFLOP, of one sweep.
struct SweepWork {
  double projections = 0.0;  ///< output and value projections
  double mixing = 0.0;       ///< attention patterns
  double contraction = 0.0;  ///< gradients times sources, token embeddings

  double backward() const { return projections + mixing; }
  double all() const { return backward() + contraction; }
};

SweepWork sweep_work(const ReplacementRun& run, const ColumnLayout& columns,
                     const BackwardBatch& batch);

/// Forward of the prompt, logits of the last position.
double forward_work(const Model& model, std::int64_t n_positions);
/// Pre-activations of all layers.
double encode_work(const ReplacementRun& run);

}  // namespace circuit::bench
