// Features that can never do anything, counted layer by layer.
#pragma once

#include <cstdint>
#include <vector>

#include "transcoders/transcoder_set.h"

namespace circuit {

struct DeadFeatures {
  std::int64_t encoder_rows = 0;  ///< all zero: a constant pre-activation
  std::int64_t decoder_rows = 0;  ///< all zero: writes nothing
  std::int64_t thresholds = 0;    ///< infinite: never active
};

/// One entry a layer. Reads every encoder and decoder once, a part at a time.
std::vector<DeadFeatures> count_dead_features(const TranscoderSet& set);

}  // namespace circuit
