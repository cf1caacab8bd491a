// Which features fire on a text, token by token, without attribution.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tracer/features/feature_reader.h"
#include "tracer/features/firing_feature.h"
#include "tracer/text/tokenizer.h"

namespace circuit {

/// Of `ids` in one forward. At most `top` features a position (0 = all); `layers` empty = all of
/// the reader's, else some of them. The first `zero_positions` are left out. A layer at a time:
/// [n, n_features] activations are held.
ActiveFeatures find_active_features(const Model& model, const FeatureReader& reader,
                                    std::span<const std::int32_t> ids, std::int64_t top,
                                    std::span<const std::int64_t> layers,
                                    std::int64_t zero_positions);

/// What each feature is called: the tokens that it pushes up most.
std::vector<std::string> name_active_features(const Model& model, const FeatureReader& reader,
                                              const Tokenizer* tokenizer,
                                              std::span<const FiringFeature> features);

}  // namespace circuit
