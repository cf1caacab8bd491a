#include "tracer/attribution/columns.h"

#include <algorithm>

namespace circuit {

ColumnLayout::ColumnLayout(const ActiveFeatureSet& features, std::int64_t n_layers,
                           std::int64_t n_positions, std::int64_t zero_positions)
    : n_active_(features.size()),
      n_layers_(n_layers),
      n_positions_(n_positions),
      zero_positions_(zero_positions) {
  const auto positions = features.positions.begin();
  for (std::int64_t layer = 0; layer < n_layers; ++layer) {
    auto feature = positions + features.layer_offsets[index(layer)];
    const auto end = positions + features.layer_offsets[index(layer + 1)];
    for (std::int64_t position = 0; position <= n_positions; ++position) {
      feature = std::lower_bound(feature, end, static_cast<std::int32_t>(position));
      first_feature_.push_back(feature - positions);
    }
  }
  for (std::int64_t position = 0; position < n_positions; ++position) {
    std::int64_t begin = 0;
    for (std::int64_t layer = 0; layer < n_layers; ++layer) {
      layer_begin_.push_back(begin);
      begin += first_feature(layer, position + 1) - first_feature(layer, 0);
    }
    layer_begin_.push_back(begin);
  }
}

std::int64_t ColumnLayout::width(const ReadPoint& read) const {
  return token_place(read, read.position + 1);
}

std::vector<ColumnRun> ColumnLayout::runs(const ReadPoint& read) const {
  std::vector<ColumnRun> runs;
  for (std::int64_t layer = 0; layer < read.layer; ++layer) {
    const std::int64_t first = first_feature(layer, 0);
    runs.push_back({first, first_feature(layer, read.position + 1) - first});
  }
  for (std::int64_t layer = 0; layer < read.layer; ++layer) {
    runs.push_back({error_column(layer, zero_positions_), errors_per_layer(read)});
  }
  runs.push_back({token_column(0), read.position + 1});
  return runs;
}

}  // namespace circuit
