#include "tracer/replacement/backward_batch.h"

#include <set>

#include <gtest/gtest.h>

namespace circuit::testing {
namespace {

// Targets reading at (layer, position); layer 3 is after the final norm of a 3-layer model.
const std::vector<ReadPoint> kTargets = {{0, 2}, {2, 3}, {3, 4}, {1, 1}, {2, 1}, {2, 4}};

TEST(BackwardBatch, OrdersTargetsByLayerThenPositionDescending) {
  const BackwardBatch batch(kTargets, 3, 5, 1);
  std::vector<std::int64_t> order;
  for (std::int64_t slot = 0; slot < batch.size(); ++slot) order.push_back(batch.target(slot));
  EXPECT_EQ(order, (std::vector<std::int64_t>{2, 5, 1, 4, 3, 0}));
  EXPECT_EQ(batch.active_slots(3), 1);
  EXPECT_EQ(batch.active_slots(2), 4);
  EXPECT_EQ(batch.active_slots(1), 5);
  EXPECT_EQ(batch.active_slots(0), 6);
}

TEST(BackwardBatch, KeepsTheRowsInUseAPrefixOfEachPositionsBlock) {
  const BackwardBatch batch(kTargets, 3, 5, 1);
  for (std::int64_t layer = 0; layer <= 3; ++layer) {
    for (std::int64_t q = 1; q < 5; ++q) {
      std::set<std::int64_t> rows;
      for (std::int64_t slot = 0; slot < batch.active_slots(layer); ++slot) {
        if (batch.read(slot).position >= q) rows.insert(batch.row(slot, q));
      }
      EXPECT_EQ(static_cast<std::int64_t>(rows.size()), batch.active_rows(layer, q));
      if (!rows.empty()) {
        EXPECT_EQ(*rows.begin(), 0);
        EXPECT_EQ(*rows.rbegin(), batch.active_rows(layer, q) - 1);
      }
    }
  }
}

TEST(BackwardBatch, HasNoRowsAtZeroedPositionsAndBeyondTheTargets) {
  const BackwardBatch batch(kTargets, 3, 6, 2);
  EXPECT_EQ(batch.rows(0), 0);
  EXPECT_EQ(batch.rows(1), 0);
  EXPECT_EQ(batch.rows(5), 0);
  EXPECT_EQ(batch.rows(2), 4);
  EXPECT_EQ(batch.total_rows(), 4 + 3 + 2);
  EXPECT_EQ(batch.block_begin(3), 4);
}

}  // namespace
}  // namespace circuit::testing
