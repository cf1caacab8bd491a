// How well a dictionary explains its model on a text (docs/method.md, Quality of a dictionary).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "tracer/features/feature_reader.h"
#include "tracer/features/quality_result.h"

namespace circuit {

/// Windows of at least 2 ids, each a text of its own that begins with a special token. Sums in
/// double. `progress` is told of windows done. Throws std::invalid_argument without any window.
Quality measure_quality(const Model& model, const FeatureReader& reader,
                        std::span<const std::vector<std::int32_t>> windows,
                        std::int64_t zero_positions,
                        const std::function<void(std::int64_t)>& progress = {});

}  // namespace circuit
