// What the rows of active features explain: their encoder rows as covectors, at their read points.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tracer/attribution/rows.h"
#include "tracer/replacement/run.h"

namespace circuit {

/// Where each of the given active features reads.
std::vector<ReadPoint> read_points(const ActiveFeatureSet& features,
                                   std::span<const std::int64_t> chosen);

/// Encoder rows, biases and pre-activations of the given active features, which ascend and are not
/// empty.
RowTargets feature_targets(const ReplacementRun& run, std::span<const std::int64_t> chosen);

}  // namespace circuit
