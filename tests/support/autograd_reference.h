// The slow obvious version of attribution: the model run with autograd, attention patterns, norm
// denominators and MLP outputs detached, one backward per target. Shares no code with the engine
// but the loaded weights and the transcoders' encoders and decoders.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "graph/node.h"
#include "tracer/model/model.h"
#include "transcoders/transcoder_set.h"

namespace circuit::testing {

struct AutogradReference {
  std::vector<ActiveFeature> active_features;  ///< [k] in graph order
  std::vector<double> activations;             ///< [k]
  at::Tensor logits;                           ///< [n, vocabulary]
  at::Tensor rows;             ///< [k + targets, k + n_layers n + n] f64; the graph's columns
  at::Tensor pre_activations;  ///< [k + targets] f64
};

/// Rows of all active features, then of the logits of `target_ids` less the mean logit.
AutogradReference autograd_reference(const Model& model, const TranscoderSet& transcoders,
                                     std::span<const std::int32_t> input_ids,
                                     std::int64_t zero_positions,
                                     std::span<const std::int32_t> target_ids);

}  // namespace circuit::testing
