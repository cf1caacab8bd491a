// The edges of an attribution graph as compressed sparse rows. Row = target node, column = source
// node, value = signed direct effect.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace circuit {

/// Compressed sparse rows; columns ascend within a row. A plain value: whoever builds it keeps the
/// order, and `AttributionGraph` checks it once.
struct EdgeMatrix {
  std::vector<std::int64_t> row_offsets{0};  ///< [rows + 1]
  std::vector<std::int32_t> columns;         ///< [edges]
  std::vector<float> weights;                ///< [edges]

  std::size_t rows() const { return row_offsets.size() - 1; }
  std::size_t edges() const { return columns.size(); }

  std::span<const std::int32_t> row_columns(std::size_t row) const {
    return std::span(columns).subspan(begin(row), size(row));
  }
  std::span<const float> row_weights(std::size_t row) const {
    return std::span(weights).subspan(begin(row), size(row));
  }
  std::size_t begin(std::size_t row) const { return static_cast<std::size_t>(row_offsets[row]); }
  std::size_t end(std::size_t row) const { return static_cast<std::size_t>(row_offsets[row + 1]); }
  std::size_t size(std::size_t row) const { return end(row) - begin(row); }

  /// Where the edge from `column` to `row` is stored; nothing when there is none. O(log columns).
  std::optional<std::size_t> find(std::size_t row, std::size_t column) const;
};

/// One edge by its ends.
struct MatrixEntry {
  std::size_t row = 0;
  std::size_t column = 0;
  float weight = 0;
};

/// Sum of magnitudes of each row in double [rows], of the edges that `edge_mask` keeps (empty =
/// all). Row-parallel; the result does not depend on the number of threads.
std::vector<double> row_absolute_sums(const EdgeMatrix& edges,
                                      std::span<const std::uint8_t> edge_mask = {});

/// The matrix of these edges, which ascend by row, then column, without repeats.
EdgeMatrix compress(std::span<const MatrixEntry> entries, std::size_t n_rows);

/// Compresses a dense row-major matrix [n, n], leaving out exact zeros. Throws
/// std::invalid_argument when `dense` has another size.
EdgeMatrix compress(std::span<const float> dense, std::size_t n);

}  // namespace circuit
