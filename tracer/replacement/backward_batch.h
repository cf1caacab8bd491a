// How the rows of a batch of targets lie in memory during the backward: one growing block of rows a
// position, so that at any layer the rows in use are a contiguous prefix of each block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace circuit {

/// Where a covector is read: at the transcoders' read site of `layer`, or after the final norm when
/// `layer` is the number of layers.
struct ReadPoint {
  std::int64_t layer = 0;
  std::int64_t position = 0;
};

/// Targets sorted by layer, then position, both descending ("slots"). The gradient of the target in
/// slot t lives at positions zero_positions … its own; its row in a position's block is its rank
/// among the slots that reach the position.
class BackwardBatch {
 public:
  BackwardBatch(std::span<const ReadPoint> targets, std::int64_t n_layers, std::int64_t n_positions,
                std::int64_t zero_positions);

  std::int64_t size() const { return static_cast<std::int64_t>(slots_.size()); }
  std::int64_t n_layers() const { return n_layers_; }
  std::int64_t n_positions() const { return n_positions_; }
  std::int64_t zero_positions() const { return zero_positions_; }

  /// Index, among the targets given, of the one in `slot`, and where it reads.
  std::int64_t target(std::int64_t slot) const { return slots_[index(slot)]; }
  const ReadPoint& read(std::int64_t slot) const { return reads_[index(slot)]; }

  /// Slots whose targets read at `layer` or above.
  std::int64_t active_slots(std::int64_t layer) const { return active_slots_[index(layer)]; }
  /// Rows in use at `position` once all targets that read at `layer` or above have joined.
  std::int64_t active_rows(std::int64_t layer, std::int64_t position) const {
    return active_rows_[index(layer * n_positions_ + position)];
  }
  /// Rows of the whole sweep at `position`.
  std::int64_t rows(std::int64_t position) const { return active_rows(0, position); }
  /// Where the block of `position` starts when all blocks lie one after the other.
  std::int64_t block_begin(std::int64_t position) const { return block_begin_[index(position)]; }
  std::int64_t total_rows() const { return block_begin_.back(); }
  /// Row of `slot` in the block of `position` (zero_positions ≤ position ≤ its read position).
  std::int64_t row(std::int64_t slot, std::int64_t position) const {
    return row_of_slot_[index(slot * n_positions_ + position)];
  }

 private:
  static std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

  std::int64_t n_layers_, n_positions_, zero_positions_;
  std::vector<std::int64_t> slots_;
  std::vector<ReadPoint> reads_;
  std::vector<std::int64_t> active_slots_;  ///< [n_layers + 1]
  std::vector<std::int64_t> active_rows_;   ///< [n_layers + 1, n_positions]
  std::vector<std::int64_t> block_begin_;   ///< [n_positions + 1]
  std::vector<std::int32_t> row_of_slot_;   ///< [slots, n_positions]
};

}  // namespace circuit
