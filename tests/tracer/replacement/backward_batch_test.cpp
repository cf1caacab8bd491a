#include "tracer/replacement/backward_batch.h"

#include <set>

#include <gtest/gtest.h>

namespace circuit::testing {
namespace {

// Targets reading at (layer, position); layer 3 is after the final norm of a 3-layer model.
const std::vector<ReadPoint> kTargets = {{0, 2}, {2, 3}, {3, 4}, {1, 1}, {2, 1}, {2, 4}};

TEST(BackwardBatch, OrdersTargetsByLayerThenPositionDescending) {
  const BackwardBatch batch(kTargets, 3, 1);
  std::vector<std::int64_t> order;
  for (std::int64_t slot = 0; slot < batch.size(); ++slot) order.push_back(batch.target(slot));
  EXPECT_EQ(order, (std::vector<std::int64_t>{2, 5, 1, 4, 3, 0}));
  EXPECT_EQ(batch.active_slots(3), 1);
  EXPECT_EQ(batch.active_slots(2), 4);
  EXPECT_EQ(batch.active_slots(1), 5);
  EXPECT_EQ(batch.active_slots(0), 6);
}

TEST(BackwardBatch, KeepsTheRowsInUseAPrefix) {
  const BackwardBatch batch(kTargets, 3, 1);
  for (std::int64_t layer = 0; layer <= 3; ++layer) {
    std::set<std::int64_t> rows;
    for (std::int64_t slot = 0; slot < batch.active_slots(layer); ++slot) {
      for (std::int64_t q = 1; q <= batch.read(slot).position; ++q) rows.insert(batch.row(slot, q));
    }
    EXPECT_EQ(static_cast<std::int64_t>(rows.size()), batch.active_rows(layer));
    EXPECT_EQ(*rows.begin(), 0);
    EXPECT_EQ(*rows.rbegin(), batch.active_rows(layer) - 1);
  }
}

TEST(BackwardBatch, HasNoRowsAtZeroedPositionsAndBeyondTheTargets) {
  const BackwardBatch batch(kTargets, 3, 2);
  // The targets read at positions 4, 4, 3, 1, 1, 2 in the order of slots.
  EXPECT_EQ(batch.row_begin(1), 3);
  EXPECT_EQ(batch.row_begin(2), 6);
  EXPECT_EQ(batch.row_begin(3), 8);
  EXPECT_EQ(batch.row_begin(4), 8);
  EXPECT_EQ(batch.row_begin(5), 8);
  EXPECT_EQ(batch.total_rows(), 9);
  EXPECT_EQ(batch.row(2, 3), 7);
}

}  // namespace
}  // namespace circuit::testing
