// An intervention whose positions are those of one prompt and whose other prompts have been read.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "tracer/intervention/clean_run.h"
#include "tracer/intervention/intervention.h"
#include "tracer/text/feature_edit.h"

namespace circuit {

struct PlacedEdit {
  FeatureEdit edit;  ///< kSet, kScale or kAdd
  EditRange range;
};

struct PlacedSteering {
  std::int64_t layer = 0;
  EditRange range;
  at::Tensor vector;  ///< [d_model] added at each of these positions
};

struct PlacedSwap {
  SwapKind kind = SwapKind::kFeatures;
  const CleanRun* from = nullptr;                          ///< not owned
  std::vector<std::pair<std::int64_t, std::int64_t>> map;  ///< (here, there)
  LayerRange layers;
};

struct PlacedIntervention {
  std::vector<PlacedEdit> edits;
  std::vector<PlacedSteering> steering;
  std::vector<PlacedSwap> swaps;
  Freeze freeze = Freeze::kAttention;
  std::optional<LayerRange> constrained;
};

/// What a pass over a prompt takes from the unchanged run of the same prompt. Passes behind the
/// prompt, one token at a time, are free of it.
struct HeldParts {
  const CleanRun* clean = nullptr;  ///< not owned; null = nothing is held
  std::optional<LayerRange> constrained;
  bool scales = false;  ///< of norms

  /// Whether these positions are the prompt.
  bool apply_to(std::int64_t first_position, const at::Tensor& x) const {
    return clean != nullptr && first_position == 0 && x.size(0) == clean->n_positions();
  }
};

}  // namespace circuit
