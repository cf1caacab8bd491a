// The model run token by token: keys and values of what was read are kept, and what passes can be
// watched and changed; several texts can go on together. Non-goals: prompts read together, records
// for the replacement (model.h).
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
  LiveForward(LiveForward&&) = default;

  struct Options {
    LogitPositions logits = LogitPositions::kLast;
    SiteVisitor* visitor = nullptr;
    /// [n_layers] patterns [n_heads, m, n] in place of the live ones, or empty; n counts the
    /// tokens read before.
    std::span<const at::Tensor> patterns = {};
    /// Of these very tokens: its norm scales are taken in place of the live ones.
    const ForwardRecord* scales = nullptr;
    /// kTogether: the same bits as `forward` gives.
    Rows rows = Rows::kApart;
  };

  /// Reads further tokens, m >= 1. Returns their logits, soft-capped: [m, vocabulary], or
  /// [1, vocabulary] of the last. Throws std::invalid_argument as `forward` does, and when there is
  /// no room left.
  at::Tensor append(std::span<const std::int32_t> ids, const Options& options);
  at::Tensor append(std::span<const std::int32_t> ids) { return append(ids, Options()); }

  /// One that has read the same, with keys and values of its own.
  LiveForward fork() const;

  /// Reads one further token of each stream, ids[i] of streams[i]: the weights are read once for
  /// all. Returns their logits, soft-capped: [n_streams, vocabulary]. Each stream's row and cache
  /// are the same bits whatever other streams there are (on the CPU, for at most kMostStreams).
  /// visitors[i], which may be null, sees stream i alone, at its own position; no two are the same.
  /// Throws as `append`.
  static at::Tensor append_each(std::span<LiveForward* const> streams,
                                std::span<const std::int32_t> ids,
                                std::span<SiteVisitor* const> visitors);
  static constexpr std::int64_t kMostStreams = 64;

  std::int64_t n_positions() const { return n_positions_; }
  std::int64_t capacity() const { return capacity_; }

 private:
  LiveForward(const LiveForward&) = default;  // shares what `fork` then copies
  void check_room(std::int64_t tokens) const;

  const Model& model_;
  std::int64_t capacity_ = 0, n_positions_ = 0;
  RotaryTables rotary_;
  std::vector<KeyValueCache> caches_;  // [n_layers]
};

}  // namespace circuit
