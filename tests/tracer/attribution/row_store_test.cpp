#include "tracer/attribution/row_store.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "tests/support/reference_sweep.h"

namespace circuit::testing {
namespace {

// Three layers of three features at each of the positions 1 … 4.
ActiveFeatureSet features() {
  ActiveFeatureSet set;
  set.layer_offsets = {0};
  for (std::int32_t layer = 0; layer < 3; ++layer) {
    for (std::int32_t position = 1; position < 5; ++position) {
      for (std::int32_t feature = 0; feature < 3; ++feature) {
        set.layers.push_back(layer);
        set.positions.push_back(position);
        set.features.push_back(feature);
      }
    }
    set.layer_offsets.push_back(set.size());
  }
  return set;
}

// Rows of an output, then of some features, with random values, as the store and as compressed
// rows.
struct Filled {
  ColumnLayout columns{features(), 3, 5, 1};
  RowStore store;
  EdgeMatrix edges;
  std::vector<std::int64_t> nodes;

  explicit Filled(std::int64_t resident_bytes) : store(columns, resident_bytes) {
    add({{.layer = 3, .position = 4}}, {columns.n_columns()});
    add({{.layer = 2, .position = 4}, {.layer = 1, .position = 2}}, {33, 15});
    add({{.layer = 2, .position = 1}}, {25});
  }

  void add(const std::vector<ReadPoint>& reads, const std::vector<std::int64_t>& more) {
    const std::size_t first = store.add(reads, more);
    std::normal_distribution<float> normal;
    for (std::size_t row = first; row < store.size(); ++row) {
      EXPECT_TRUE(std::ranges::all_of(store.values(row), [](float value) { return value == 0; }));
      double sum = 0.0;
      for (float& value : store.values(row)) {
        value = normal(random);
        sum += std::abs(static_cast<double>(value));
      }
      store.totals.absolute_totals.push_back(sum);
      std::size_t i = 0;
      for (const ColumnRun& run : columns.runs(store.read(row))) {
        for (std::int64_t c = run.first; c < run.first + run.count; ++c) {
          edges.columns.push_back(static_cast<std::int32_t>(c));
          edges.weights.push_back(store.values(row)[i++]);
        }
      }
      edges.row_offsets.push_back(static_cast<std::int64_t>(edges.columns.size()));
      nodes.push_back(store.node(row));
      store.release(row);
    }
  }

  std::mt19937 random{5};
};

TEST(RowStore, RanksAsCompressedRowsDoWhereverItsRowsAre) {
  for (const std::int64_t resident_bytes : {0, 250, 1000000}) {
    const Filled filled(resident_bytes);
    std::vector<double> weights(static_cast<std::size_t>(filled.columns.n_columns()), 0.0);
    weights.push_back(0.75);
    const std::vector<double> found = filled.store.influence(weights, 1e-8);
    const std::vector<double> expected = reference_sweep(filled.edges, filled.nodes, weights, 1e-8);
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-15);
    EXPECT_GT(*std::ranges::max_element(found), 0.01);
  }
}

TEST(RowStore, HoldsOneFloatForEachColumnThatATargetSees) {
  const Filled filled(0);
  EXPECT_EQ(filled.store.values(0).size(), 36u + 12 + 5);
  EXPECT_EQ(filled.store.values(1).size(), 24u + 8 + 5);
  EXPECT_EQ(filled.store.values(2).size(), 6u + 2 + 3);
  EXPECT_EQ(filled.store.values(3).size(), 6u + 2 + 2);
}

}  // namespace
}  // namespace circuit::testing
