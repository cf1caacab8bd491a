// What holds of every ModelConfig, whichever file it was read from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "tracer/model/architecture.h"
#include "tracer/model/config.h"

namespace circuit {

/// Spans [n_layers] by a family's rule; `n` is its number: the period of kAllButEveryNth (1 or
/// more), the first sliding layer of kFromLayer.
std::vector<AttentionSpan> spans_by_rule(SlidingLayers rule, std::int64_t n_layers, std::int64_t n);

/// Throws std::runtime_error `[load_model] PATH: …` unless it is 1 to 10,000: what follows takes
/// memory for each.
void check_n_layers(const std::filesystem::path& path, std::int64_t n_layers);

/// Throws std::runtime_error `[load_model] PATH: …` for sizes that contradict each other.
void check_sizes(const std::filesystem::path& path, const ModelConfig& config);

}  // namespace circuit
