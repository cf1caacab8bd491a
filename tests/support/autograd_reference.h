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

/// A score that is taken apart on both sides.
struct AutogradScore {
  std::int64_t layer = 0, head = 0, query = 0, key = 0;
};

struct AutogradReference {
  std::vector<ActiveFeature> active_features;  ///< [k] in graph order
  std::vector<double> activations;             ///< [k]
  at::Tensor logits;                           ///< [n, vocabulary]
  at::Tensor rows;             ///< [k + targets, k + n_layers n + n] f64; the graph's columns
  at::Tensor pre_activations;  ///< [k + targets] f64
  at::Tensor scores;           ///< [scores] f64, ahead of the soft cap
  /// [scores, columns] f64: what sources add to them by the query with the key held, and by the key
  /// with the query held; scales of query and key norms held too.
  at::Tensor query_rows, key_rows;
};

/// Something else than the last position's logits to explain.
struct AutogradTarget {
  std::int64_t position = 0;
  std::int64_t token = -1;                ///< its logit less the mean one, or …
  std::int64_t layer = -1, feature = -1;  ///< … this feature's pre-activation, or …
  std::vector<float> vector{};            ///< … the final norm's output along this
};

struct AutogradOptions {
  /// [n_layers] of [n_heads]: factors of the frozen patterns that rows are computed with; what the
  /// model computes, and so everything else that is frozen, stays. Empty = ones.
  std::vector<at::Tensor> head_factors{};
  /// Rows that are computed: every so many features, and the outputs. The others are 0.
  std::int64_t every_row = 1;
  std::vector<AutogradScore> scores{};
  std::vector<AutogradTarget> targets{};
};

/// Rows of all active features, then of the logits of `target_ids` less the mean logit, then of
/// `options.targets`.
AutogradReference autograd_reference(const Model& model, const TranscoderSet& transcoders,
                                     std::span<const std::int32_t> input_ids,
                                     std::int64_t zero_positions,
                                     std::span<const std::int32_t> target_ids,
                                     const AutogradOptions& options = {});

}  // namespace circuit::testing
