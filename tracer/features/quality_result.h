// What is said of a dictionary's quality. Knows no torch.
#pragma once

#include <cstdint>
#include <vector>

namespace circuit {

/// Of one layer, over all positions but the zeroed ones.
struct LayerQuality {
  std::int64_t layer = 0;
  double fvu = 0;  ///< Σ‖y−ŷ‖² / Σ‖y−ȳ‖², ȳ per dimension; NaN when y never varies
  double l0 = 0;           ///< features that fire, mean over positions
  std::int64_t dead = 0;   ///< features that fire nowhere in the text
  std::int64_t dense = 0;  ///< features that fire at more than a tenth of the positions
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

}  // namespace circuit
