// What every source of a replaced model is worth in a prompt, or on average over prompts: the
// values that a circuit keeps and those that stand in for the rest (docs/method.md, Faithfulness).
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "tracer/replacement/run.h"

namespace circuit {

/// Features whose values are followed one by one, ordered by layer, position, feature.
struct ListedFeatures {
  std::vector<std::int32_t> layers, positions, features;  ///< [k]
  std::vector<std::int64_t> layer_offsets;                ///< [n_layers + 1] into the arrays

  std::int64_t size() const { return static_cast<std::int64_t>(layers.size()); }
  /// Where (layer, position, feature) is, or -1.
  std::int64_t find(std::int32_t layer, std::int32_t position, std::int32_t feature) const;
};

/// All that fire in either run; both of as many layers.
ListedFeatures list_features(const ReplacementRun& a, const ReplacementRun& b);

/// Together they make what every MLP writes: `by_features` + `rest` + skip.
struct SourceValues {
  at::Tensor embeddings;                ///< [n, d_model] of tokens
  at::Tensor activations;               ///< [k] of the listed features
  std::vector<at::Tensor> by_features;  ///< [n_layers] of [n, d_model]: all features together
  /// [n_layers] of [n, d_model]: errors and decoder biases; at zeroed positions all that the MLP
  /// writes, less its skip.
  std::vector<at::Tensor> rest;
};

/// Of one prompt.
SourceValues values_of(const ReplacementRun& run, const ListedFeatures& listed);

/// Means over all positions, behind the zeroed ones, of prompts of one model.
class MeanValues {
 public:
  void add(const ReplacementRun& run);
  std::int64_t positions() const { return positions_; }
  /// The same value at every position of `run`; at its zeroed positions, what it has itself.
  /// Requires a position that was added.
  SourceValues values(const ReplacementRun& run, const ListedFeatures& listed) const;

 private:
  std::int64_t positions_ = 0;
  at::Tensor embedding_;                                      // sums, f64 [d_model]
  std::vector<at::Tensor> activations_, by_features_, rest_;  // [n_layers] of sums, f64
};

}  // namespace circuit
