// A feature that fires somewhere in a text. Knows no torch.
#pragma once

#include <cstdint>
#include <vector>

namespace circuit {

struct FiringFeature {
  std::int64_t layer = 0, position = 0, feature = 0;
  float activation = 0;
};

struct ActiveFeatures {
  /// The strongest of each position, by position, then activation (magnitude, descending), layer,
  /// feature.
  std::vector<FiringFeature> strongest;
  std::vector<std::int64_t> counts;  ///< [layers of the reader] of all that fire
};

}  // namespace circuit
