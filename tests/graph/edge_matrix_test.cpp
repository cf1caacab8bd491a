#include "graph/edge_matrix.h"

#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit {
namespace {

EdgeMatrix example() {
  return {.row_offsets = {0, 0, 2, 3}, .columns = {0, 2, 1}, .weights = {1.5F, -2.0F, -4.0F}};
}

TEST(EdgeMatrix, ShowsItsRows) {
  const EdgeMatrix edges = example();
  EXPECT_EQ(edges.rows(), 3U);
  EXPECT_EQ(edges.edges(), 3U);
  EXPECT_EQ(edges.size(0), 0U);
  EXPECT_TRUE(edges.row_columns(0).empty());
  ASSERT_EQ(edges.row_columns(1).size(), 2U);
  EXPECT_EQ(edges.row_columns(1)[1], 2);
  EXPECT_EQ(edges.row_weights(2)[0], -4.0F);
  EXPECT_EQ(EdgeMatrix{}.rows(), 0U);
}

TEST(EdgeMatrix, CompressLeavesOutZerosOfEitherSign) {
  const std::vector<float> dense{0, -0.0F, 0, 1.5F, 0, -2, 0, -4, 0};
  const EdgeMatrix edges = compress(dense, 3);
  EXPECT_EQ(edges.row_offsets, example().row_offsets);
  EXPECT_EQ(edges.columns, example().columns);
  EXPECT_EQ(edges.weights, example().weights);
}

TEST(EdgeMatrix, CompressRefusesAnotherSize) {
  EXPECT_EQ(testing::message_of<std::invalid_argument>([] { compress(std::vector<float>(5), 2); }),
            "[compress] matrix has 5 values, expected 2 x 2");
}

TEST(EdgeMatrix, SumsMagnitudesOfRowsWithAndWithoutAMask) {
  EXPECT_EQ(row_absolute_sums(example()), (std::vector<double>{0.0, 3.5, 4.0}));
  const std::vector<std::uint8_t> mask{0, 1, 1};
  EXPECT_EQ(row_absolute_sums(example(), mask), (std::vector<double>{0.0, 2.0, 4.0}));
}

TEST(EdgeMatrix, FindsWhereAnEdgeIsStored) {
  const EdgeMatrix edges = example();
  for (std::size_t row = 0; row < edges.rows(); ++row) {
    for (std::size_t edge = edges.begin(row); edge < edges.end(row); ++edge) {
      EXPECT_EQ(edges.find(row, static_cast<std::size_t>(edges.columns[edge])), edge);
    }
    EXPECT_EQ(edges.find(row, 1000), std::nullopt);
  }
}

TEST(EdgeMatrix, IsThatOfItsEntries) {
  const EdgeMatrix edges = example();
  std::vector<MatrixEntry> entries;
  for (std::size_t row = 0; row < edges.rows(); ++row) {
    for (std::size_t edge = edges.begin(row); edge < edges.end(row); ++edge) {
      entries.push_back({row, static_cast<std::size_t>(edges.columns[edge]), edges.weights[edge]});
    }
  }
  const EdgeMatrix again = compress(entries, edges.rows());
  EXPECT_EQ(again.row_offsets, edges.row_offsets);
  EXPECT_EQ(again.columns, edges.columns);
  EXPECT_EQ(again.weights, edges.weights);
}

}  // namespace
}  // namespace circuit
