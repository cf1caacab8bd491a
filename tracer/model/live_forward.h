// The model run token by token: keys and values of what was read are kept, and what passes can be
// watched and changed. Non-goals: batches of prompts, records for the replacement (model.h).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "tracer/model/model.h"

namespace circuit {

class LiveForward {
 public:
  /// Room for `capacity` tokens, at most the model's positions (std::invalid_argument beyond).
  LiveForward(const Model& model, std::int64_t capacity);

  struct Options {
    LogitPositions logits = LogitPositions::kLast;
    SiteVisitor* visitor = nullptr;
    /// [n_layers] patterns [n_heads, m, n] in place of the live ones, or empty; n counts the
    /// tokens read before.
    std::span<const at::Tensor> patterns = {};
    /// Of these very tokens: its norm scales are taken in place of the live ones.
    const ForwardRecord* scales = nullptr;
  };

  /// Reads further tokens, m >= 1. Returns their logits, soft-capped: [m, vocabulary], or
  /// [1, vocabulary] of the last. Throws std::invalid_argument as `forward` does, and when there is
  /// no room left.
  at::Tensor append(std::span<const std::int32_t> ids, const Options& options);
  at::Tensor append(std::span<const std::int32_t> ids) { return append(ids, Options()); }

  std::int64_t n_positions() const { return n_positions_; }
  std::int64_t capacity() const { return capacity_; }

 private:
  const Model& model_;
  std::int64_t capacity_ = 0, n_positions_ = 0;
  RotaryTables rotary_;
  std::vector<KeyValueCache> caches_;  // [n_layers]
};

}  // namespace circuit
