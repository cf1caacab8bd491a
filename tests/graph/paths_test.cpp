#include "graph/paths.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>
#include <string>
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

PrunedGraph keep_all(const AttributionGraph& graph) {
  PrunedGraph pruned;
  pruned.node_mask.assign(graph.n_nodes(), 1);
  pruned.edge_mask.assign(graph.edges().edges(), 1);
  return pruned;
}

/// Every path that ends in `tail`, by walking all kept edges backwards.
void walk(const AttributionGraph& graph, const PrunedGraph& pruned, const Path& tail,
          std::vector<Path>& found) {
  const std::size_t row = tail.nodes.front();
  if (graph.kind(row) == NodeKind::kToken) {
    found.push_back(tail);
    return;
  }
  const EdgeMatrix& edges = graph.edges();
  double sum = 0.0;
  for (std::size_t e = edges.begin(row); e < edges.end(row); ++e) {
    if (pruned.edge_mask[e] != 0) sum += std::abs(static_cast<double>(edges.weights[e]));
  }
  for (std::size_t e = edges.begin(row); e < edges.end(row); ++e) {
    if (pruned.edge_mask[e] == 0 || edges.weights[e] == 0.0F) continue;
    Path longer = tail;
    longer.nodes.insert(longer.nodes.begin(), static_cast<std::size_t>(edges.columns[e]));
    longer.share *= std::abs(static_cast<double>(edges.weights[e])) / sum;
    walk(graph, pruned, longer, found);
  }
}

std::vector<Path> all_paths(const AttributionGraph& graph, const PrunedGraph& pruned,
                            std::size_t target_node) {
  std::vector<Path> found;
  walk(graph, pruned, {.nodes = {target_node}, .share = 1.0}, found);
  std::ranges::sort(found, [](const Path& a, const Path& b) { return a.share > b.share; });
  return found;
}

void expect_strongest(const std::vector<Path>& paths, const std::vector<Path>& all, std::size_t k,
                      std::uint32_t seed) {
  ASSERT_EQ(paths.size(), std::min(k, all.size())) << "seed " << seed;
  std::set<std::vector<std::size_t>> distinct;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    EXPECT_NEAR(paths[i].share, all[i].share, 1e-12) << "seed " << seed << ", path " << i;
    distinct.insert(paths[i].nodes);
    const auto same = std::ranges::find(all, paths[i].nodes, &Path::nodes);
    ASSERT_NE(same, all.end()) << "seed " << seed << ": no such path";
    EXPECT_NEAR(same->share, paths[i].share, 1e-12);
  }
  EXPECT_EQ(distinct.size(), paths.size());
}

TEST(Paths, OfTheSmallGraphAreWhatOneFindsByHand) {
  const AttributionGraph graph = small_graph();
  const std::vector<Path> paths = strongest_paths(graph, keep_all(graph), 11, 10);
  ASSERT_EQ(paths.size(), 5U);
  using Nodes = std::vector<std::size_t>;
  EXPECT_EQ(paths[0].nodes, (Nodes{9, 1, 11}));
  EXPECT_EQ(paths[1].nodes, (Nodes{10, 1, 11}));
  EXPECT_EQ(paths[2].nodes, (Nodes{9, 0, 3, 11}));
  EXPECT_EQ(paths[3].nodes, (Nodes{9, 1, 3, 11}));
  EXPECT_EQ(paths[4].nodes, (Nodes{10, 1, 3, 11}));
  EXPECT_NEAR(paths[0].share, 1.0 / 8, 1e-15);
  EXPECT_NEAR(paths[2].share, 1.0 / 12, 1e-15);
  EXPECT_NEAR(paths[3].share, 1.0 / 24, 1e-15);
}

TEST(Paths, UseOnlyKeptEdgesAndTheirShares) {
  const AttributionGraph graph = small_graph();
  PrunedGraph pruned = keep_all(graph);
  pruned.edge_mask[6] = 0;  // 11 reads 1
  pruned.edge_mask[3] = 0;  // 3 reads 0
  const std::vector<Path> paths = strongest_paths(graph, pruned, 11, 10);
  ASSERT_EQ(paths.size(), 2U);
  EXPECT_EQ(paths[0].nodes, (std::vector<std::size_t>{9, 1, 3, 11}));
  EXPECT_NEAR(paths[0].share, 1.0 / 3 / 2 / 2, 1e-15);
}

TEST(Paths, AreTheStrongestOfAllPathsOfRandomGraphs) {
  for (std::uint32_t seed = 0; seed < 150; ++seed) {
    const AttributionGraph graph = random_graph({.seed = seed, .ties = seed % 2 == 0});
    const PrunedGraph pruned = prune(graph, {.node_threshold = 0.9, .edge_threshold = 0.95});
    std::vector<std::size_t> ends{graph.first_target()};
    if (graph.n_features() > 0) ends.push_back(graph.n_features() - 1);
    for (const std::size_t end : ends) {
      const std::vector<Path> all = all_paths(graph, pruned, end);
      for (const std::size_t k : {std::size_t{1}, std::size_t{2}, std::size_t{7}}) {
        expect_strongest(strongest_paths(graph, pruned, end, k), all, k, seed);
      }
    }
  }
}

TEST(Paths, AreNoneWhereNoTokenReachesTheTarget) {
  const AttributionGraph graph = small_graph();
  EXPECT_TRUE(strongest_paths(graph, keep_all(graph), 4, 1).empty());
  EXPECT_TRUE(strongest_paths(graph, keep_all(graph), 4, 3).empty());
  EXPECT_TRUE(strongest_paths(graph, keep_all(graph), 11, 0).empty());
}

TEST(Paths, RefuseEndsAndMasksThatDoNotFit) {
  const AttributionGraph graph = small_graph();
  const PrunedGraph pruned = keep_all(graph);
  for (const std::size_t end : {std::size_t{6}, std::size_t{9}, std::size_t{12}}) {
    EXPECT_EQ(message_of<std::invalid_argument>([&] { strongest_paths(graph, pruned, end, 1); }),
              "[strongest_paths] node " + std::to_string(end) +
                  " is no feature or target of the graph's 12 nodes");
  }
  EXPECT_EQ(message_of<std::invalid_argument>([&] { strongest_paths(graph, {}, 11, 1); }),
            "[strongest_paths] the masks are not of this graph");
}

}  // namespace
}  // namespace circuit
