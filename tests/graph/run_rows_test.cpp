#include "graph/run_rows.h"

#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "graph/influence.h"
#include "tests/support/random_graph.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::message_of;
using testing::random_graph;

// Every run holds one column.
struct RunsOf {
  explicit RunsOf(const AttributionGraph& graph) {
    for (const std::int32_t column : graph.edges().columns) runs.push_back({column, 1});
    const std::vector<double> sums = row_absolute_sums(graph.edges());
    for (std::size_t row = 0; row < graph.edges().rows(); ++row) {
      rows.push_back({.node = static_cast<std::int64_t>(row),
                      .runs = std::span<const ColumnRun>(runs).subspan(graph.edges().begin(row),
                                                                       graph.edges().size(row)),
                      .weights = graph.edges().weights.data() + graph.edges().begin(row),
                      .absolute_sum = sums[row]});
    }
  }
  std::vector<ColumnRun> runs;
  std::vector<RunRow> rows;
};

TEST(RunRows, HaveTheInfluenceOfCompressedRows) {
  for (std::uint32_t seed = 0; seed < 100; ++seed) {
    const AttributionGraph graph = random_graph({.seed = seed, .ties = seed % 2 == 0});
    const RunsOf runs(graph);
    std::vector<std::size_t> done;
    EXPECT_EQ(sweep_influence(runs.rows, graph.target_weights(), kRowFloor,
                              [&](std::size_t row) { done.push_back(row); }),
              compute_influence(graph));
    EXPECT_EQ(done.size(), graph.n_nodes());
    EXPECT_EQ(done.front(), graph.n_nodes() - 1);
  }
}

TEST(RunRows, AddOverAllColumnsOfARun) {
  const std::vector<ColumnRun> of_three = {{0, 2}, {2, 1}}, of_two = {{0, 2}};
  const std::vector<float> third = {1, -2, 1}, second = {3, 1};
  const std::vector<RunRow> rows = {
      {.node = 2, .runs = of_two, .weights = second.data(), .absolute_sum = 4},
      {.node = 3, .runs = of_three, .weights = third.data(), .absolute_sum = 4}};
  EXPECT_EQ(sweep_influence(rows, std::vector<double>{0, 0, 0, 1}, 1e-10),
            (std::vector<double>{0.25 + 0.25 * 0.75, 0.5 + 0.25 * 0.25, 0.25, 0}));
}

TEST(RunRows, RefuseColumnsThatDoNotComeBeforeTheirNode) {
  const std::vector<ColumnRun> runs = {{1, 2}};
  const std::vector<float> weights = {1, 1};
  const auto refusal = [&](std::vector<std::int64_t> nodes) {
    std::vector<RunRow> rows;
    for (const std::int64_t node : nodes) {
      rows.push_back({.node = node, .runs = runs, .weights = weights.data(), .absolute_sum = 2});
    }
    return message_of<std::invalid_argument>(
        [&] { sweep_influence(rows, std::vector<double>(4, 1.0), 1e-10); });
  };
  EXPECT_EQ(refusal({2}),
            "[sweep_influence] the row of node 2 reads node 2, expected one that comes before it");
  EXPECT_EQ(refusal({4}), "[sweep_influence] row of node 4, expected one below 4");
  EXPECT_EQ(refusal({3, 3}), "[sweep_influence] node 3 has two rows");
}

}  // namespace
}  // namespace circuit
