#include "graph/attribution_graph.h"

#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/random_graph.h"
#include "tests/support/small_graph.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::message_of;
using testing::random_graph;
using testing::small_graph;

/// Everything the constructor takes, of the small graph.
struct Parts {
  GraphNodes nodes = small_graph().nodes();
  EdgeMatrix edges = small_graph().edges();
  std::vector<float> row_dropped;
  RowTotals totals;
  FeatureSimilarity similarity;

  AttributionGraph build() const {
    return {nodes, edges, row_dropped, totals, Provenance{}, similarity};
  }
};

/// The message for parts after `change`, without its prefix.
std::string refusal(const std::function<void(Parts&)>& change) {
  Parts parts;
  change(parts);
  const std::string message = message_of<std::invalid_argument>([&] { parts.build(); });
  const std::string prefix = "[AttributionGraph] ";
  return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
}

TEST(AttributionGraph, CountsItsNodesAndKnowsWhatTheyAre) {
  const AttributionGraph graph = small_graph();
  EXPECT_EQ(graph.n_nodes(), 12U);
  EXPECT_EQ(graph.first_error(), 5U);
  EXPECT_EQ(graph.first_token(), 9U);
  EXPECT_EQ(graph.first_target(), 11U);
  EXPECT_EQ(graph.error_node(1, 0), 7U);

  const Node feature = graph.node(3);
  EXPECT_EQ(feature.kind, NodeKind::kFeature);
  EXPECT_EQ(feature.layer, 1);
  EXPECT_EQ(feature.position, 1);
  EXPECT_EQ(feature.feature, 4);
  EXPECT_EQ(graph.activation(3), 8.0F);
  const Node error = graph.node(6);
  EXPECT_EQ(error.kind, NodeKind::kError);
  EXPECT_EQ(error.layer, 0);
  EXPECT_EQ(error.position, 1);
  EXPECT_EQ(error.feature, -1);
  const Node token = graph.node(10);
  EXPECT_EQ(token.kind, NodeKind::kToken);
  EXPECT_EQ(token.layer, -1);
  EXPECT_EQ(token.position, 1);
  EXPECT_EQ(token.feature, 1);
  const Node target = graph.node(11);
  EXPECT_EQ(target.kind, NodeKind::kTarget);
  EXPECT_EQ(target.layer, 2);
  EXPECT_EQ(target.position, 1);
  EXPECT_EQ(target.feature, 7);
  EXPECT_EQ(graph.target(11).label, "out");
}

TEST(AttributionGraph, KnowsWhereTargetsRead) {
  Parts parts;
  parts.nodes.targets.push_back({.kind = TargetKind::kFeature,
                                 .probability = 0.5,
                                 .label = "L1/4",
                                 .display = "L1/4",
                                 .position = 0,
                                 .layer = 1,
                                 .feature = 4});
  parts.edges.row_offsets.push_back(parts.edges.row_offsets.back());
  const AttributionGraph graph = parts.build();
  EXPECT_EQ(graph.node(11).position, 1);  // the last
  EXPECT_EQ(graph.target(11).position, 1);
  EXPECT_EQ(graph.read_layer(11), 2);
  const Node feature = graph.node(12);
  EXPECT_EQ(feature.layer, 2);  // above all layers
  EXPECT_EQ(feature.position, 0);
  EXPECT_EQ(feature.feature, -1);
  EXPECT_EQ(graph.read_layer(12), 1);
  EXPECT_EQ(graph.read_layer(3), 1);
}

TEST(AttributionGraph, RefusesTargetsThatAreNowhere) {
  EXPECT_EQ(refusal([](Parts& p) { p.nodes.targets[0].position = 2; }),
            "target out is at position 2, the graph has 2 positions");
  EXPECT_EQ(refusal([](Parts& p) { p.nodes.targets[0].position = -2; }),
            "target out is at position -2, the graph has 2 positions");
  EXPECT_EQ(refusal([](Parts& p) { p.nodes.targets[0].kind = TargetKind::kFeature; }),
            "target out is feature -1 of layer -1, the graph has 2 layers");
  // Target 11 reads 1, 3, 6 and 8: position 1, and feature 3 of layer 1.
  EXPECT_EQ(refusal([](Parts& p) { p.nodes.targets[0].position = 0; }),
            "edge from node 1 to node 11 runs from layer 0, position 1 to layer 2, position 0");
  EXPECT_EQ(refusal([](Parts& p) {
              Target& target = p.nodes.targets[0];
              target.kind = TargetKind::kFeature;
              target.layer = 1;
              target.feature = 0;
            }),
            "edge from node 3 to node 11 runs from layer 1, position 1 to layer 1, position 1");
}

TEST(AttributionGraph, FillsWhatTheCallerDoesNotKnow) {
  const AttributionGraph graph = small_graph();
  EXPECT_EQ(graph.row_dropped().size(), 12U);
  EXPECT_EQ(graph.row_dropped()[11], 0.0F);
  EXPECT_FALSE(graph.closure_error().has_value());
}

TEST(AttributionGraph, PutsTheTargetsProbabilitiesIntoTheWeights) {
  const std::vector<double> weights = small_graph().target_weights();
  EXPECT_EQ(weights, (std::vector<double>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
}

TEST(AttributionGraph, ReportsTheLargestClosureError) {
  Parts parts;
  parts.totals = {.totals = {1, 2, -3, 0, 5, 6},
                  .absolute_totals = {1, 2, 3, 0, 5, 6},
                  .bias_terms = {0, 1, 0, 0, 0, 0},
                  .pre_activations = {1, 2, -3, 0, 5, 6}};
  // Only the second row misses: |2 + 1 - 2| / (2 + 1 + 2).
  EXPECT_DOUBLE_EQ(parts.build().closure_error().value(), 0.2);
}

TEST(AttributionGraph, AcceptsEveryRandomGraph) {
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    const AttributionGraph graph = random_graph({.seed = seed});
    EXPECT_EQ(graph.edges().rows(), graph.n_nodes());
    EXPECT_LT(graph.closure_error().value_or(0.0), 1e-6);
  }
}

TEST(AttributionGraph, RefusesNodesThatDoNotFit) {
  EXPECT_EQ(refusal([](Parts& p) { p.nodes.n_layers = 0; }), "n_layers is 0, expected at least 1");
  EXPECT_EQ(refusal([](Parts& p) { p.nodes.tokens.pop_back(); }),
            "tokens has 1 entries, expected 2");
  EXPECT_EQ(refusal([](Parts& p) { p.nodes.activation_values.pop_back(); }),
            "activation_values has 4 entries, expected 5");
  EXPECT_EQ(refusal([](Parts& p) { p.nodes.activation_values[2] = std::nanf(""); }),
            "activation 2 is not finite");
  EXPECT_EQ(refusal([](Parts& p) { p.nodes.active_features[4].layer = 2; }),
            "active feature 4 is (2, 1, 5), the graph has 2 layers and 2 positions");
  EXPECT_EQ(refusal([](Parts& p) { p.nodes.active_features[0].position = -1; }),
            "active feature 0 is (0, -1, 1), the graph has 2 layers and 2 positions");
  EXPECT_EQ(refusal([](Parts& p) { p.nodes.active_features[4].feature = 4; }),
            "active feature 4 is (1, 1, 4) after (1, 1, 4), expected ascending order");
  EXPECT_EQ(refusal([](Parts& p) { p.nodes.selected_features[1] = 0; }),
            "selected feature 0 after 0, expected ascending indices below 5");
  EXPECT_EQ(refusal([](Parts& p) { p.nodes.selected_features[4] = 5; }),
            "selected feature 5 after 3, expected ascending indices below 5");
  EXPECT_EQ(refusal([](Parts& p) { p.nodes.targets[0].probability = -0.5; }),
            "target out has probability -0.500000, expected a finite one from 0 on");
  EXPECT_EQ(refusal([](Parts& p) { p.nodes.n_layers = std::numeric_limits<std::int32_t>::max(); }),
            "4294967302 nodes, expected fewer than 2^31");
}

TEST(AttributionGraph, RefusesEdgesThatAreNotRows) {
  EXPECT_EQ(refusal([](Parts& p) { p.edges.row_offsets.pop_back(); }),
            "row_offsets has 12 entries, expected 13");
  EXPECT_EQ(refusal([](Parts& p) { p.edges.row_offsets.clear(); }),
            "row_offsets has 0 entries, expected 13");
  EXPECT_EQ(refusal([](Parts& p) { p.edges.weights.pop_back(); }),
            "weights has 9 entries, expected 10");
  const std::string offsets = "row_offsets do not ascend from 0 to the number of edges, 10";
  EXPECT_EQ(refusal([](Parts& p) { p.edges.row_offsets[0] = -1; }), offsets);
  EXPECT_EQ(refusal([](Parts& p) { p.edges.row_offsets[3] = 9; }), offsets);
  EXPECT_EQ(refusal([](Parts& p) { p.edges.row_offsets[12] = 11; }), offsets);
  EXPECT_EQ(refusal([](Parts& p) { p.edges.weights[7] = std::numeric_limits<float>::infinity(); }),
            "weight 7 is not finite");
}

TEST(AttributionGraph, RefusesEdgesThatRunTheWrongWay) {
  EXPECT_EQ(refusal([](Parts& p) { p.edges.columns[2] = 9; }),
            "edge from node 9 to node 1 follows that from node 9, expected ascending columns");
  EXPECT_EQ(refusal([](Parts& p) { p.edges.columns[0] = -1; }),
            "edge from node -1 to node 0 follows that from node -1, expected ascending columns");
  EXPECT_EQ(refusal([](Parts& p) { p.edges.columns[9] = 11; }),
            "edge from node 11 to node 11: a target or no node at all, expected a source below 11");
  EXPECT_EQ(refusal([](Parts& p) { p.edges.columns[9] = 2'000'000'000; }),
            "edge from node 2000000000 to node 11: a target or no node at all, expected a source "
            "below 11");
  EXPECT_EQ(refusal([](Parts& p) { p.edges.columns[0] = 10; }),
            "edge from node 10 to node 0 runs from layer -1, position 1 to layer 0, position 0");
  EXPECT_EQ(refusal([](Parts& p) { p.edges.columns[5] = 8; }),
            "edge from node 8 to node 3 runs from layer 1, position 1 to layer 1, position 1");
  EXPECT_EQ(refusal([](Parts& p) {
              for (std::size_t row = 6; row <= 11; ++row) p.edges.row_offsets[row] = 7;
            }),
            "node 5 is an error or a token, but its row has edges");
}

TEST(AttributionGraph, RefusesTotalsAndSimilarityThatDoNotFit) {
  EXPECT_EQ(refusal([](Parts& p) { p.row_dropped = {1.0F}; }),
            "row_dropped has 1 entries, expected 12");
  EXPECT_EQ(refusal([](Parts& p) { p.totals.bias_terms = {1.0}; }),
            "bias_terms has 1 entries, expected 6");
  EXPECT_EQ(refusal([](Parts& p) { p.totals.totals = {0, 0, std::nan(""), 0, 0, 0}; }),
            "row_totals 2 is not finite");
  EXPECT_EQ(refusal([](Parts& p) { p.similarity.cosines = {1.0F}; }),
            "similarity has 1 entries, expected 0");
  EXPECT_EQ(refusal([](Parts& p) {
              p.similarity = {.pairs = {{3, 5}}, .cosines = {1.0F}};
            }),
            "similarity pair (3, 5), expected ascending feature nodes below 5");
}

}  // namespace
}  // namespace circuit
