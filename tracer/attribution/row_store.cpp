#include "tracer/attribution/row_store.h"

#include <map>
#include <utility>

namespace circuit {

std::size_t RowStore::add(std::span<const ReadPoint> reads, std::span<const std::int64_t> nodes) {
  const std::size_t first = rows_.size();
  std::size_t floats = 0;
  for (std::size_t i = 0; i < reads.size(); ++i) {
    rows_.push_back({.node = nodes[i], .read = reads[i], .block = blocks_.size(), .begin = floats});
    floats += static_cast<std::size_t>(columns_->width(reads[i]));
  }
  const std::size_t bytes = floats * sizeof(float);
  const bool fits = static_cast<std::int64_t>(bytes) <= resident_bytes_;
  if (fits) resident_bytes_ -= static_cast<std::int64_t>(bytes);
  blocks_.emplace_back(bytes, fits ? PagedMemoryKind::kResident : PagedMemoryKind::kSpilled);
  return first;
}

std::span<float> RowStore::values(std::size_t row) {
  auto* block = reinterpret_cast<float*>(blocks_[rows_[row].block].data());
  return {block + rows_[row].begin, static_cast<std::size_t>(width(row))};
}

std::span<const float> RowStore::values(std::size_t row) const {
  const auto* block = reinterpret_cast<const float*>(blocks_[rows_[row].block].data());
  return {block + rows_[row].begin, static_cast<std::size_t>(width(row))};
}

void RowStore::release(std::size_t row) const {
  blocks_[rows_[row].block].release(rows_[row].begin * sizeof(float),
                                    static_cast<std::size_t>(width(row)) * sizeof(float));
}

std::vector<double> RowStore::influence(std::span<const double> weights, double row_floor) const {
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<ColumnRun>> runs;
  std::vector<RunRow> rows;
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    const ReadPoint& at = read(row);
    const auto found = runs.try_emplace({at.layer, at.position});
    if (found.second) found.first->second = columns_->runs(at);
    rows.push_back({.node = node(row),
                    .runs = found.first->second,
                    .weights = values(row).data(),
                    .absolute_sum = totals.absolute_totals[row]});
  }
  return sweep_influence(rows, weights, row_floor, [this](std::size_t row) { release(row); });
}

}  // namespace circuit
