// What edits amount to, and random changes that amount to as much.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "tracer/features/firing_feature.h"
#include "tracer/study/study_model.h"
#include "tracer/text/feature_edit.h"

namespace circuit {

/// How far edits move activations of the unchanged run, one a feature and position, ascending by
/// layer, position, feature; of two edits the later counts. Positions behind the prompt are left
/// out. Throws std::invalid_argument as `resolve` does, and for edits whose value stands in a file
/// or another text.
std::vector<StudyChange> changes_of(const std::vector<FeatureEdit>& edits,
                                    const std::vector<FiringFeature>& clean,
                                    std::int64_t n_positions, std::int64_t zero_positions);

using WrittenNorm = std::function<double(const std::vector<StudyChange>&)>;

/// At each layer and position as many features that fire and are not among `changes` (fewer where
/// there are not as many), with the amounts of `changes` there in random order, times the one
/// factor that gives `norm` what it gives for `changes`. Nothing when no feature is left to draw,
/// or none that writes.
std::optional<std::vector<StudyChange>> random_changes(const std::vector<StudyChange>& changes,
                                                       const std::vector<FiringFeature>& clean,
                                                       const WrittenNorm& norm, std::uint64_t seed);

/// Each amount added to whatever the activation is.
std::vector<FeatureEdit> edits_of(const std::vector<StudyChange>& changes);

}  // namespace circuit
