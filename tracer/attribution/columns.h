// Which columns a row has. Columns: active features in their order, errors layer by layer, tokens.
// A target sees only what is written below its layer and not after its position, which of every
// layer's features is one run of columns: a row stores these runs and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "graph/run_rows.h"
#include "tracer/replacement/backward_batch.h"
#include "tracer/replacement/run.h"

namespace circuit {

class ColumnLayout {
 public:
  ColumnLayout(const ActiveFeatureSet& features, std::int64_t n_layers, std::int64_t n_positions,
               std::int64_t zero_positions);

  std::int64_t n_layers() const { return n_layers_; }
  std::int64_t n_positions() const { return n_positions_; }
  std::int64_t zero_positions() const { return zero_positions_; }

  std::int64_t n_active() const { return n_active_; }
  std::int64_t error_column(std::int64_t layer, std::int64_t position) const {
    return n_active_ + layer * n_positions_ + position;
  }
  std::int64_t token_column(std::int64_t position) const {
    return error_column(n_layers_, 0) + position;
  }
  std::int64_t n_columns() const { return token_column(n_positions_); }

  /// First active feature of `layer` at `position` or later.
  std::int64_t first_feature(std::int64_t layer, std::int64_t position) const {
    return first_feature_[index(layer * (n_positions_ + 1) + position)];
  }
  std::int64_t feature_count(std::int64_t layer, std::int64_t position) const {
    return first_feature(layer, position + 1) - first_feature(layer, position);
  }

  /// Values in the row of a target that reads at `read`; where in it the features of (layer,
  /// position) begin, and where one error and one token are. layer < read.layer, position ≤
  /// read.position.
  std::int64_t width(const ReadPoint& read) const;
  std::int64_t features_begin(const ReadPoint& read, std::int64_t layer,
                              std::int64_t position) const {
    return layer_begin(read.position, layer) + first_feature(layer, position) -
           first_feature(layer, 0);
  }
  std::int64_t error_place(const ReadPoint& read, std::int64_t layer, std::int64_t position) const {
    return layer_begin(read.position, read.layer) + layer * errors_per_layer(read) + position -
           zero_positions_;
  }
  std::int64_t token_place(const ReadPoint& read, std::int64_t position) const {
    return layer_begin(read.position, read.layer) + read.layer * errors_per_layer(read) + position;
  }

  /// The columns of those values, in the same order.
  std::vector<ColumnRun> runs(const ReadPoint& read) const;

 private:
  static std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }
  /// Features below `layer` at positions up to `position`.
  std::int64_t layer_begin(std::int64_t position, std::int64_t layer) const {
    return layer_begin_[index(position * (n_layers_ + 1) + layer)];
  }
  std::int64_t errors_per_layer(const ReadPoint& read) const {
    return read.position + 1 - zero_positions_;
  }

  std::int64_t n_active_, n_layers_, n_positions_, zero_positions_;
  std::vector<std::int64_t> first_feature_;  ///< [n_layers, n_positions + 1]
  std::vector<std::int64_t> layer_begin_;    ///< [n_positions, n_layers + 1]
};

}  // namespace circuit
