// The rows computed so far, over all active features: which to rank next is read from them, and in
// the end the graph. A row holds one float for each column that its target can see, and no more;
// rows beyond a budget live in a temporary file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "graph/attribution_graph.h"
#include "graph/run_rows.h"
#include "tracer/attribution/columns.h"
#include "tracer/machine/paged_memory.h"
#include "tracer/replacement/backward_batch.h"

namespace circuit {

class RowStore {
 public:
  /// `columns` outlives the store; rows that together take more than `resident_bytes` are spilled.
  RowStore(const ColumnLayout& columns, std::int64_t resident_bytes)
      : columns_(&columns), resident_bytes_(resident_bytes) {}

  const ColumnLayout& columns() const { return *columns_; }
  std::size_t size() const { return rows_.size(); }

  /// Appends rows of zeros for targets that read at `reads` and are `nodes` of the graph: an active
  /// feature's index, or the number of columns plus the index of an output target. Returns the
  /// first one's index. Throws std::runtime_error when there is no memory and no disk for them.
  std::size_t add(std::span<const ReadPoint> reads, std::span<const std::int64_t> nodes);

  std::int64_t node(std::size_t row) const { return rows_[row].node; }
  const ReadPoint& read(std::size_t row) const { return rows_[row].read; }
  std::int64_t width(std::size_t row) const { return columns_->width(read(row)); }
  std::span<float> values(std::size_t row);
  std::span<const float> values(std::size_t row) const;
  /// Says that the values of `row` are not needed for now.
  void release(std::size_t row) const;

  /// What the rows sum to, in their order; whoever computes a row appends to it.
  RowTotals totals;

  /// Influence over these rows (sweep_influence) of every column, then every output target.
  std::vector<double> influence(std::span<const double> weights, double row_floor) const;

 private:
  struct Row {
    std::int64_t node;
    ReadPoint read;
    std::size_t block;
    std::size_t begin;  ///< in the block, in floats
  };

  const ColumnLayout* columns_;
  std::int64_t resident_bytes_;
  std::vector<Row> rows_;
  std::vector<PagedMemory> blocks_;  ///< one for each call of add
};

}  // namespace circuit
