#include "tracer/replacement/backward_batch.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace circuit {

BackwardBatch::BackwardBatch(std::span<const ReadPoint> targets, std::int64_t n_layers,
                             std::int64_t n_positions, std::int64_t zero_positions)
    : n_layers_(n_layers),
      n_positions_(n_positions),
      zero_positions_(zero_positions),
      slots_(targets.size()),
      active_slots_(index(n_layers + 1), 0),
      active_rows_(index((n_layers + 1) * n_positions), 0),
      block_begin_(index(n_positions + 1), 0),
      row_of_slot_(targets.size() * index(n_positions), -1) {
  std::iota(slots_.begin(), slots_.end(), 0);
  std::ranges::sort(slots_, [&](std::int64_t a, std::int64_t b) {
    const ReadPoint &x = targets[index(a)], &y = targets[index(b)];
    return std::tuple(-x.layer, -x.position, a) < std::tuple(-y.layer, -y.position, b);
  });
  std::vector<std::int64_t> rows(index(n_positions), 0);
  for (std::int64_t slot = 0; slot < size(); ++slot) {
    const ReadPoint& read = targets[index(slots_[index(slot)])];
    reads_.push_back(read);
    for (std::int64_t q = zero_positions; q <= read.position; ++q) {
      row_of_slot_[index(slot * n_positions + q)] = static_cast<std::int32_t>(rows[index(q)]++);
      ++active_rows_[index(read.layer * n_positions + q)];
    }
    ++active_slots_[index(read.layer)];
  }
  for (std::int64_t layer = n_layers - 1; layer >= 0; --layer) {
    active_slots_[index(layer)] += active_slots_[index(layer + 1)];
    for (std::int64_t q = 0; q < n_positions; ++q) {
      active_rows_[index(layer * n_positions + q)] +=
          active_rows_[index((layer + 1) * n_positions + q)];
    }
  }
  for (std::int64_t q = 0; q < n_positions; ++q) {
    block_begin_[index(q + 1)] = block_begin_[index(q)] + rows[index(q)];
  }
}

}  // namespace circuit
