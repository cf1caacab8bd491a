// Which targets are swept together. It changes nothing but the order of rows and, by rounding,
// their values.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tracer/attribution/memory_plan.h"
#include "tracer/attribution/rows.h"
#include "tracer/replacement/run.h"

namespace circuit {

/// The `chosen` active features (ascending) in batches, each ascending. For the CPU in their order,
/// as many as the plan's bytes hold. For a device, where a batch takes as many positions for each
/// target as for its last one, those of like positions together, the latest first.
std::vector<std::vector<std::int64_t>> feature_batches(const ReplacementRun& run,
                                                       std::span<const std::int64_t> chosen,
                                                       const MemoryPlan& plan);

/// How many targets at the last position a batch holds.
std::size_t output_batch(const ReplacementRun& run, const MemoryPlan& plan);

/// `count` of the targets from `first` on.
RowTargets some_targets(const RowTargets& targets, std::size_t first, std::size_t count);

}  // namespace circuit
