// Labels files: what people or programs call features (docs/formats.md, Labels).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include "graph/attribution_graph.h"

namespace circuit {

/// By (layer, feature).
using FeatureLabels = std::map<std::pair<std::int32_t, std::int32_t>, FeatureLabel>;

/// The longest text of a label, in bytes of UTF-8.
inline constexpr std::size_t kLongestLabel = 4096;

/// JSON Lines, packed with gzip or not. Empty lines are passed over. Throws std::runtime_error
/// `[read_labels] FILE:LINE: …` for anything else, and for a feature that is named twice.
FeatureLabels read_labels(const std::filesystem::path& path);

/// The same as text: one line a feature, in order. `read_labels` gives back equal labels.
std::string labels_jsonl(const FeatureLabels& labels);

/// Gives the graph's selected features these names in place of those that they have; returns how
/// many features got one. Labels of other features are left out.
std::size_t apply_labels(const FeatureLabels& labels, AttributionGraph& graph);

}  // namespace circuit
