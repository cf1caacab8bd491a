// What computing in a narrow type costs: some rows computed again with products in float.
#pragma once

#include <cstdint>

#include "tracer/attribution/row_store.h"
#include "tracer/attribution/targets.h"
#include "tracer/replacement/run.h"

namespace circuit {

struct RoundingCheck {
  std::int64_t rows = 0;       ///< computed again
  double largest_error = 0.0;  ///< of an edge, over the absolute sum of its row
};

/// Compares the rows of the output targets and of up to 32 features, evenly spaced over those in
/// `store`, with the same rows from the same weights, activations and patterns as `wide` computes
/// them: an engine whose products are in the sum type.
RoundingCheck check_rounding(const ReplacementRun& run, const OutputTargets& outputs,
                             RowEngine& wide, const RowStore& store);

}  // namespace circuit
