// Pruning, cumulative influence and scores of the reference cases, from their own adjacency.
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "graph/influence.h"
#include "graph/prune.h"
#include "graph/scores.h"
#include "tests/support/golden_case.h"

namespace circuit {
namespace {

using testing::GoldenCase;
using testing::graph_of;
using testing::load_golden_case;

class GoldenGraph : public ::testing::TestWithParam<std::tuple<std::string, std::string>> {
 protected:
  GoldenCase golden_ =
      load_golden_case(CIRCUIT_GOLDEN_DIR, std::get<0>(GetParam()), std::get<1>(GetParam()));
  AttributionGraph graph_ = graph_of(golden_);
  PrunedGraph pruned_ = prune(
      graph_, {.node_threshold = golden_.node_threshold, .edge_threshold = golden_.edge_threshold});
};

TEST_P(GoldenGraph, HasThreeLayersAndThePeersNodes) {
  EXPECT_EQ(graph_.n_layers(), 3U);
  EXPECT_EQ(graph_.n_nodes(), golden_.n_nodes());
}

TEST_P(GoldenGraph, KeepsThePeersNodes) { EXPECT_EQ(pruned_.node_mask, golden_.node_mask); }

TEST_P(GoldenGraph, KeepsThePeersEdges) {
  std::vector<std::uint8_t> dense(golden_.edge_mask.size(), 0);
  for (std::size_t row = 0; row < graph_.n_nodes(); ++row) {
    const auto columns = graph_.edges().row_columns(row);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      dense[row * graph_.n_nodes() + static_cast<std::size_t>(columns[i])] =
          pruned_.edge_mask[graph_.edges().begin(row) + i];
    }
  }
  EXPECT_EQ(dense, golden_.edge_mask);
}

TEST_P(GoldenGraph, HasThePeersCumulativeInfluence) {
  const std::vector<double> influence = compute_influence(graph_);
  for (std::size_t node = 0; node < graph_.n_nodes(); ++node) {
    // The peer sums in float32. Nodes of equal influence may stand in another order, which moves a
    // node by no more than what all nodes within rounding of it hold together.
    double tied = 0.0, total = 0.0;
    for (const double other : influence) {
      total += other;
      if (std::abs(other - influence[node]) <= 1e-6 * influence[node]) tied += other;
    }
    tied -= influence[node];
    EXPECT_NEAR(pruned_.node_cumulative_influence[node], golden_.node_cumulative_influence[node],
                1e-5 + tied / total)
        << node;
  }
}

TEST_P(GoldenGraph, HasThePeersScores) {
  const Scores scores = compute_scores(graph_);
  EXPECT_NEAR(scores.replacement.value(), static_cast<double>(golden_.scores.at(0)), 1e-4);
  EXPECT_NEAR(scores.completeness.value(), static_cast<double>(golden_.scores.at(1)), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Peer, GoldenGraph,
                         ::testing::Combine(::testing::Values("llama-plt-relu", "llama-clt-relu",
                                                              "llama-clt-jumprelu",
                                                              "gpt2-plt-relu-resid"),
                                            ::testing::Values("full", "capped")),
                         [](const auto& param_info) {
                           std::string name =
                               std::get<0>(param_info.param) + "_" + std::get<1>(param_info.param);
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace circuit
