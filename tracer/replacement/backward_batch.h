// How the gradients of a batch of targets lie in memory during the backward: a block of rows a
// target, targets in the order in which they join, so that at any layer the rows in use are one
// contiguous prefix and every product with a weight matrix is one large product.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace circuit {

/// Where the covectors of a batch are read: where nodes read, that is at the transcoders' read site
/// of their layer, or after the final norm when it is the number of layers; or in the residual
/// stream ahead of their layer.
enum class ReadKind : std::uint8_t { kNodes, kResidual };

struct ReadPoint {
  std::int64_t layer = 0;
  std::int64_t position = 0;
};

/// Targets sorted by layer, then position, both descending ("slots"). The gradient of the target in
/// a slot has one row for each of the positions zero_positions … its own.
class BackwardBatch {
 public:
  BackwardBatch(std::span<const ReadPoint> targets, std::int64_t n_layers,
                std::int64_t zero_positions, ReadKind kind = ReadKind::kNodes);

  ReadKind kind() const { return kind_; }

  std::int64_t size() const { return static_cast<std::int64_t>(slots_.size()); }
  std::int64_t n_layers() const { return n_layers_; }
  std::int64_t zero_positions() const { return zero_positions_; }
  /// Positions from zero_positions to the last one that a target reads at.
  std::int64_t carried_positions() const { return carried_positions_; }

  /// Index, among the targets given, of the one in `slot`, and where it reads.
  std::int64_t target(std::int64_t slot) const { return slots_[index(slot)]; }
  const ReadPoint& read(std::int64_t slot) const { return reads_[index(slot)]; }

  /// Slots whose targets read at `layer` or above.
  std::int64_t active_slots(std::int64_t layer) const { return active_slots_[index(layer)]; }
  /// Slots whose gradients pass the attention of `layer`.
  std::int64_t attended_slots(std::int64_t layer) const {
    return active_slots(kind_ == ReadKind::kNodes ? layer : layer + 1);
  }
  /// Rows in use once all targets that read at `layer` or above have joined.
  std::int64_t active_rows(std::int64_t layer) const { return row_begin(active_slots(layer)); }
  std::int64_t total_rows() const { return row_begin_.back(); }

  /// First row of `slot`, that of position zero_positions; `size()` gives the end of all rows.
  std::int64_t row_begin(std::int64_t slot) const { return row_begin_[index(slot)]; }
  /// Row of `slot` at `position` (zero_positions ≤ position ≤ its read position).
  std::int64_t row(std::int64_t slot, std::int64_t position) const {
    return row_begin(slot) + position - zero_positions_;
  }

 private:
  static std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

  std::int64_t n_layers_, zero_positions_;
  ReadKind kind_;
  std::int64_t carried_positions_ = 0;
  std::vector<std::int64_t> slots_;
  std::vector<ReadPoint> reads_;
  std::vector<std::int64_t> active_slots_;  ///< [n_layers + 1]
  std::vector<std::int64_t> row_begin_;     ///< [slots + 1]
};

}  // namespace circuit
