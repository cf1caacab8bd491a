// All sources of a prompt pushed through the frozen network at once, and read where queries and
// keys read: what rows of a backward give (score_sides.h), cheaper when there are more of those
// rows than sources.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "tracer/attribution/columns.h"
#include "tracer/replacement/backward_batch.h"
#include "tracer/replacement/run.h"

namespace circuit {

/// A place in the residual stream ahead of a layer, and what is read there.
struct StreamReader {
  ReadPoint read;
  at::Tensor covectors;  ///< [d, d_model]
};

/// Of each reader [columns.width(read), d] on the CPU: of every source that reaches it, in the
/// order of the row. Readers are at positions that are not zeroed; decoder rows must be kept.
/// Parallel over sources; the result does not depend on the number of threads.
std::vector<at::Tensor> push_to(const ReplacementRun& run, const ColumnLayout& columns,
                                std::span<const StreamReader> readers);

}  // namespace circuit
