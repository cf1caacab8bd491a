#include "tracer/replacement/backward_batch.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace circuit {

BackwardBatch::BackwardBatch(std::span<const ReadPoint> targets, std::int64_t n_layers,
                             std::int64_t zero_positions, ReadKind kind)
    : n_layers_(n_layers),
      zero_positions_(zero_positions),
      kind_(kind),
      slots_(targets.size()),
      active_slots_(index(n_layers + 1), 0),
      row_begin_{0} {
  std::iota(slots_.begin(), slots_.end(), 0);
  std::ranges::sort(slots_, [&](std::int64_t a, std::int64_t b) {
    const ReadPoint &x = targets[index(a)], &y = targets[index(b)];
    return std::tuple(-x.layer, -x.position, a) < std::tuple(-y.layer, -y.position, b);
  });
  for (const std::int64_t target : slots_) {
    const ReadPoint& read = targets[index(target)];
    reads_.push_back(read);
    const std::int64_t rows = std::max<std::int64_t>(0, read.position + 1 - zero_positions);
    row_begin_.push_back(row_begin_.back() + rows);
    carried_positions_ = std::max(carried_positions_, rows);
    ++active_slots_[index(read.layer)];
  }
  for (std::int64_t layer = n_layers - 1; layer >= 0; --layer) {
    active_slots_[index(layer)] += active_slots_[index(layer + 1)];
  }
}

}  // namespace circuit
