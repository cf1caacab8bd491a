// A prompt read by the model as it is: what changed runs keep, and what they are compared with.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "tracer/model/model.h"
#include "transcoders/transcoder_set.h"

namespace circuit {

struct CleanRun {
  const Model* model = nullptr;                ///< Not owned; outlives the run.
  const TranscoderSet* transcoders = nullptr;  ///< Not owned; null where there are none.
  ForwardRecord record;
  std::int64_t zero_positions = 1;
  /// [n_layers] of [n, n_features], 0 at zeroed positions; empty without transcoders.
  std::vector<at::Tensor> activations;

  std::int64_t n_positions() const { return static_cast<std::int64_t>(record.input_ids.size()); }
  /// [n_layers]
  std::vector<at::Tensor> patterns() const;
};

/// `transcoders` may be null. Throws as `forward` does and when they do not fit the model.
CleanRun run_clean(const Model& model, const TranscoderSet* transcoders,
                   std::span<const std::int32_t> ids, std::int64_t zero_positions);

}  // namespace circuit
