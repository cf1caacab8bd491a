#include "tracer/attribution/columns.h"

#include <vector>

#include <gtest/gtest.h>

namespace circuit::testing {
namespace {

// Two layers, four positions of which the first is zeroed; layer 0 fires at 1, 1, 2, 3 and layer 1
// at 2, 3, 3.
ActiveFeatureSet features() {
  ActiveFeatureSet set;
  set.layers = {0, 0, 0, 0, 1, 1, 1};
  set.positions = {1, 1, 2, 3, 2, 3, 3};
  set.features = {4, 9, 1, 4, 0, 2, 5};
  set.layer_offsets = {0, 4, 7};
  return set;
}

std::vector<std::int64_t> columns_of(const ColumnLayout& layout, const ReadPoint& read) {
  std::vector<std::int64_t> columns;
  for (const ColumnRun& run : layout.runs(read)) {
    for (std::int64_t i = 0; i < run.count; ++i) columns.push_back(run.first + i);
  }
  return columns;
}

TEST(ColumnLayout, NumbersFeaturesThenErrorsThenTokens) {
  const ColumnLayout layout(features(), 2, 4, 1);
  EXPECT_EQ(layout.n_active(), 7);
  EXPECT_EQ(layout.error_column(0, 0), 7);
  EXPECT_EQ(layout.error_column(1, 3), 14);
  EXPECT_EQ(layout.token_column(0), 15);
  EXPECT_EQ(layout.n_columns(), 19);
  EXPECT_EQ(layout.feature_count(0, 1), 2);
  EXPECT_EQ(layout.feature_count(1, 1), 0);
  EXPECT_EQ(layout.first_feature(1, 3), 5);
}

TEST(ColumnLayout, GivesATargetTheColumnsBelowItsLayerAndUpToItsPosition) {
  const ColumnLayout layout(features(), 2, 4, 1);
  EXPECT_EQ(columns_of(layout, {0, 2}), (std::vector<std::int64_t>{15, 16, 17}));
  EXPECT_EQ(columns_of(layout, {1, 2}), (std::vector<std::int64_t>{0, 1, 2, 8, 9, 15, 16, 17}));
  EXPECT_EQ(columns_of(layout, {2, 3}),
            (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 16, 17, 18}));
}

TEST(ColumnLayout, SaysWhereInTheRowEachColumnIs) {
  const ColumnLayout layout(features(), 2, 4, 1);
  for (const ReadPoint& read :
       {ReadPoint{0, 1}, ReadPoint{1, 1}, ReadPoint{1, 3}, ReadPoint{2, 2}, ReadPoint{2, 3}}) {
    const std::vector<std::int64_t> columns = columns_of(layout, read);
    ASSERT_EQ(layout.width(read), static_cast<std::int64_t>(columns.size()));
    const auto column = [&](std::int64_t place) {
      return columns[static_cast<std::size_t>(place)];
    };
    for (std::int64_t q = 1; q <= read.position; ++q) {
      for (std::int64_t layer = 0; layer < read.layer; ++layer) {
        if (layout.feature_count(layer, q) > 0) {
          EXPECT_EQ(column(layout.features_begin(read, layer, q)), layout.first_feature(layer, q));
        }
        EXPECT_EQ(column(layout.error_place(read, layer, q)), layout.error_column(layer, q));
      }
      EXPECT_EQ(column(layout.token_place(read, q)), layout.token_column(q));
    }
    EXPECT_EQ(column(layout.token_place(read, 0)), layout.token_column(0));
  }
}

}  // namespace
}  // namespace circuit::testing
