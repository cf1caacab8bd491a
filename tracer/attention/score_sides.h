// The two sides of attention scores as sums over the sources that reach them: every active feature,
// error and token, pushed through the frozen network into a head's query or key space, rotated
// (docs/method.md, scores of a head).
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "tracer/attention/side_push.h"
#include "tracer/attribution/device_rows.h"
#include "tracer/attribution/rows.h"
#include "tracer/attribution/sources.h"
#include "tracer/model/attention.h"
#include "tracer/replacement/run.h"

namespace circuit {

/// Which query or key: for kKey `head` counts key-value heads.
struct SideKey {
  std::int64_t layer = 0;
  ScoreSide side = ScoreSide::kQuery;
  std::int64_t head = 0;
  std::int64_t position = 0;

  friend auto operator<=>(const SideKey&, const SideKey&) = default;
};

/// A query or key as a sum of vectors of the sum type, on the CPU.
struct Side {
  std::vector<std::int64_t> columns;  ///< ascending, of Sources' columns
  at::Tensor vectors;                 ///< [columns + 1, d_head]; the last row is what has no node
};

/// Looks at `run` and `sources`. Not for use by two threads at once; uses all of them.
class ScoreSides {
 public:
  ScoreSides(const ReplacementRun& run, Sources& sources);

  const ColumnLayout& columns() const { return sources_.columns(); }

  /// In the order of `keys`; rows of as many at once as `memory_bytes` hold.
  std::vector<Side> find(std::span<const SideKey> keys, std::int64_t memory_bytes);

  /// Scores of a layer in the live run, [n_heads, n, n] on the CPU: divided, ahead of soft cap,
  /// mask and softmax.
  at::Tensor live_scores(std::int64_t layer);

  /// Bytes that one side takes while it is computed and in the end.
  std::int64_t bytes_per_side() const;

 private:
  struct Layer {
    RotaryTable rotary;
    QueriesAndKeys live;
  };
  const Layer& layer(std::int64_t index);
  ScoreProjection projection(const SideKey& key);
  at::Tensor covectors(const SideKey& key, const ScoreProjection& projection) const;
  at::Tensor constant(const SideKey& key, const ScoreProjection& projection) const;
  Side zeroed_side(const SideKey& key, const ScoreProjection& projection) const;
  bool pushes_sources(std::size_t n_keys) const;
  std::vector<Side> compute(std::span<const SideKey> keys);
  template <class T>
  std::vector<at::Tensor> sweep(std::span<const StreamReader> readers);

  const ReplacementRun& run_;
  Sources& sources_;
  FrozenStream biases_;
  /// Of each token at a zeroed position, what it puts on the residual streams there.
  std::vector<FrozenStream> zeroed_tokens_;
  RotaryTables rotary_;
  std::map<std::int64_t, Layer> layers_;
  std::unique_ptr<RowComputer> rows_;        ///< on the CPU, once used …
  std::unique_ptr<DeviceRows> device_rows_;  ///< … or on a device
};

}  // namespace circuit
