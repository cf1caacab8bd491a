#include "graph/bgl_adapter.h"

#include <cstddef>
#include <iterator>
#include <vector>

#include <boost/concept/assert.hpp>
#include <boost/graph/graph_concepts.hpp>
#include <boost/graph/topological_sort.hpp>
#include <boost/range/iterator_range.hpp>
#include <gtest/gtest.h>

#include "tests/support/random_graph.h"

namespace circuit {
namespace {

BOOST_CONCEPT_ASSERT((boost::IncidenceGraphConcept<EdgeMatrixView>));
BOOST_CONCEPT_ASSERT((boost::VertexListGraphConcept<EdgeMatrixView>));

TEST(EdgeMatrixView, ShowsRowsAsOutEdgesWithTheirWeights) {
  const EdgeMatrix edges{
      .row_offsets = {0, 0, 1, 3}, .columns = {0, 0, 1}, .weights = {1.0F, -2.0F, 3.0F}};
  const EdgeMatrixView view(edges);
  EXPECT_EQ(num_vertices(view), 3U);
  EXPECT_EQ(out_degree(2, view), 2U);
  std::vector<std::size_t> targets;
  std::vector<float> weights;
  for (const EdgeEntry& entry : boost::make_iterator_range(out_edges(2, view))) {
    EXPECT_EQ(source(entry, view), 2U);
    targets.push_back(target(entry, view));
    weights.push_back(get(get(boost::edge_weight, view), entry));
  }
  EXPECT_EQ(targets, (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(weights, (std::vector<float>{-2.0F, 3.0F}));
}

TEST(EdgeMatrixView, LetsBoostSortAGraphTopologically) {
  const AttributionGraph graph = testing::random_graph({.seed = 5});
  const EdgeMatrixView view(graph.edges());
  std::vector<std::size_t> order;
  boost::topological_sort(view, std::back_inserter(order));
  // Boost lists what a node reads before the node.
  std::vector<std::size_t> place(graph.n_nodes());
  for (std::size_t i = 0; i < order.size(); ++i) place[order[i]] = i;
  for (std::size_t row = 0; row < graph.n_nodes(); ++row) {
    for (const std::int32_t column : graph.edges().row_columns(row)) {
      EXPECT_LT(place[static_cast<std::size_t>(column)], place[row]);
    }
  }
}

}  // namespace
}  // namespace circuit
