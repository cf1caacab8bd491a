// How well a dictionary explains its model on a text (docs/method.md, Quality of a dictionary).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "tracer/features/feature_reader.h"

namespace circuit {

/// Of one layer, over all positions but the zeroed ones.
struct LayerQuality {
  std::int64_t layer = 0;
  double fvu = 0;              ///< Σ‖y−ŷ‖² / Σ‖y−ȳ‖², ȳ per dimension; NaN when y never varies
  double l0 = 0;               ///< features that fire, mean over positions
  std::int64_t dead = 0;       ///< features that fire nowhere in the text
  std::int64_t dense = 0;      ///< features that fire at more than a tenth of the positions
};

/// The model with every target replaced by its reconstruction, beside itself. Means over the
/// positions that predict a token of the text and are not zeroed.
struct ReplacedQuality {
  double cross_entropy_model = 0;     ///< nats a token
  double cross_entropy_replaced = 0;  ///< nats a token
  double agreement = 0;               ///< share of positions with the same most probable token
  double kl = 0;                      ///< of the replaced from the model's distribution, nats
};

struct Quality {
  std::int64_t windows = 0;
  std::int64_t positions = 0;  ///< measured
  std::vector<LayerQuality> layers;
  ReplacedQuality replaced;
};

/// Windows of at least 2 ids, each a text of its own that begins with a special token. Sums in
/// double. `progress` is told of windows done. Throws std::invalid_argument without any window.
Quality measure_quality(const Model& model, const FeatureReader& reader,
                        std::span<const std::vector<std::int32_t>> windows,
                        std::int64_t zero_positions,
                        const std::function<void(std::int64_t)>& progress = {});

}  // namespace circuit
