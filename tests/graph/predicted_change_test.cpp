#include "graph/predicted_change.h"

#include <cmath>

#include <gtest/gtest.h>

#include "graph/influence.h"
#include "tests/support/dense_reference.h"
#include "tests/support/random_graph.h"

namespace circuit::testing {
namespace {

// Over all paths from the source, each multiplied out: M + M² + … with the gains of features.
std::vector<double> by_powers(const AttributionGraph& graph, std::size_t source, double change) {
  const Matrix edges = dense_adjacency(graph);
  std::vector<double> sum(graph.n_nodes(), 0.0), out(graph.n_nodes(), 0.0);
  out[source] = change;
  for (std::size_t step = 0; step <= graph.n_layers() + 1; ++step) {
    std::vector<double> next(graph.n_nodes(), 0.0);
    for (std::size_t row = 0; row < graph.n_nodes(); ++row) {
      double moved = 0;
      for (std::size_t column = 0; column < graph.n_nodes(); ++column) {
        moved += edges[row][column] * out[column];
      }
      sum[row] += moved;
      if (row < graph.n_features() && graph.activation(row) != 0) {
        next[row] = moved / graph.activation(row);
      }
    }
    out = next;
  }
  return sum;
}

TEST(PredictedChange, InTotalIsTheSumOverAllPaths) {
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    const AttributionGraph graph = random_graph({.seed = seed});
    for (const std::size_t source : {std::size_t{0}, graph.n_features() / 2}) {
      const std::vector<double> total = total_change(graph, source, -1);
      const std::vector<double> expected = by_powers(graph, source, -1);
      for (std::size_t i = 0; i < total.size(); ++i) {
        EXPECT_NEAR(total[i], expected[i], 1e-9 * (1 + std::abs(expected[i])));
      }
    }
  }
}

TEST(PredictedChange, DirectlyIsTheColumnTimesTheChange) {
  const AttributionGraph graph = random_graph({.seed = 3});
  const Matrix edges = dense_adjacency(graph);
  const std::vector<double> direct = direct_change(graph, 1, 0.5);
  for (std::size_t i = 0; i < direct.size(); ++i) {
    EXPECT_DOUBLE_EQ(direct[i], 0.5 * edges[i][1]);
  }
}

// Influence is what all targets receive, by their weights.
TEST(PredictedChange, InfluenceOnTargetsIsInfluence) {
  const AttributionGraph graph = random_graph({.seed = 4});
  const std::vector<double> influence = compute_influence(graph);
  const std::vector<double> weights = graph.target_weights();
  for (std::size_t source = 0; source < graph.n_features(); ++source) {
    const std::vector<double> shares = influence_on_all(graph, source);
    double sum = 0;
    for (std::size_t i = graph.first_target(); i < graph.n_nodes(); ++i) {
      sum += weights[i] * shares[i];
    }
    EXPECT_NEAR(sum, influence[source], 1e-9);
  }
}

}  // namespace
}  // namespace circuit::testing
