// Rows of a graph that is still being made. A row's columns are a few runs of consecutive nodes, so
// that only values are stored: half the memory of compressed rows, and sums run over plain arrays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace circuit {

/// Columns first … first + count - 1.
struct ColumnRun {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

/// One row; looks at memory of whoever holds the rows.
struct RunRow {
  std::int64_t node = 0;            ///< which node it explains
  std::span<const ColumnRun> runs;  ///< ascending, disjoint
  const float* weights = nullptr;   ///< of the runs, one after the other
  double absolute_sum = 0.0;        ///< of all weights
};

/// The influence of influence.h over such rows, in any order and not of all nodes: a node without a
/// row ends every path. Every column that has a row must be a smaller node index than its row's
/// node, so that one sweep from the highest row to the lowest is exact. Rows are divided by
/// max(absolute_sum, row_floor). `done(r)` is called once the weights of rows[r] are no longer
/// needed. Throws std::invalid_argument `[sweep_influence] …` when this order does not hold.
std::vector<double> sweep_influence(std::span<const RunRow> rows, std::span<const double> weights,
                                    double row_floor,
                                    const std::function<void(std::size_t)>& done = {});

}  // namespace circuit
