#include "graph/paths.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/support/graph_generator.h"
#include "tests/support/small_graph.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::message_of;
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
    const auto source = static_cast<std::size_t>(edges.columns[e]);
    const auto weight = static_cast<double>(edges.weights[e]);
    Path longer = tail;
    longer.nodes.insert(longer.nodes.begin(), source);
    longer.share *= std::abs(weight) / sum;
    longer.weight *= weight;
    if (graph.kind(source) == NodeKind::kFeature) {
      longer.weight /= static_cast<double>(graph.activation(source));
    }
    walk(graph, pruned, longer, found);
  }
}

/// All paths that `query` asks for, strongest first.
std::vector<Path> all_paths(const AttributionGraph& graph, const PrunedGraph& pruned,
                            const PathQuery& query) {
  std::vector<Path> found;
  walk(graph, pruned, {.nodes = {query.target_node}, .share = 1.0, .weight = 1.0}, found);
  std::erase_if(found, [&](const Path& path) {
    const bool wrong_sign =
        query.sign != PathSign::kAny && (path.weight > 0.0) != (query.sign == PathSign::kPositive);
    const bool elsewhere = query.from && path.nodes.front() != *query.from;
    const bool past = query.through && std::ranges::count(path.nodes, *query.through) == 0;
    return wrong_sign || elsewhere || past;
  });
  const auto strength = [&](const Path& path) {
    return query.order == PathOrder::kShare ? path.share : std::abs(path.weight);
  };
  std::ranges::sort(found, std::greater<>(), strength);
  return found;
}

bool close(double a, double b) { return std::abs(a - b) <= 1e-9 * std::abs(b); }

void require_strongest(const std::vector<Path>& paths, const std::vector<Path>& all,
                       const PathQuery& query) {
  RC_ASSERT(paths.size() == std::min(query.k, all.size()));
  std::set<std::vector<std::size_t>> distinct;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (query.order == PathOrder::kShare) {
      RC_ASSERT(close(paths[i].share, all[i].share));
    } else {
      RC_ASSERT(close(std::abs(paths[i].weight), std::abs(all[i].weight)));
    }
    distinct.insert(paths[i].nodes);
    const auto same = std::ranges::find(all, paths[i].nodes, &Path::nodes);
    RC_ASSERT(same != all.end());
    RC_ASSERT(close(paths[i].share, same->share));
    RC_ASSERT(close(paths[i].weight, same->weight));
  }
  RC_ASSERT(distinct.size() == paths.size());
}

TEST(Paths, OfTheSmallGraphAreWhatOneFindsByHand) {
  const AttributionGraph graph = small_graph();
  const std::vector<Path> paths = strongest_paths(graph, keep_all(graph), {.target_node = 11});
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
  const std::vector<Path> paths = strongest_paths(graph, pruned, {.target_node = 11});
  ASSERT_EQ(paths.size(), 2U);
  EXPECT_EQ(paths[0].nodes, (std::vector<std::size_t>{9, 1, 3, 11}));
  EXPECT_NEAR(paths[0].share, 1.0 / 3 / 2 / 2, 1e-15);
}

TEST(Paths, WeighWhatFlowsAlongThem) {
  const AttributionGraph graph = small_graph();  // activations 2, 4, 6, 8, 10; all edges 10
  const std::vector<Path> paths = strongest_paths(
      graph, keep_all(graph), {.target_node = 11, .k = 10, .order = PathOrder::kWeight});
  ASSERT_EQ(paths.size(), 5U);
  using Nodes = std::vector<std::size_t>;
  EXPECT_EQ(paths[0].nodes, (Nodes{9, 0, 3, 11}));
  EXPECT_NEAR(paths[0].weight, 10.0 * 10 / 2 * 10 / 8, 1e-12);
  EXPECT_EQ(paths[1].nodes, (Nodes{9, 1, 3, 11}));
  EXPECT_NEAR(paths[1].weight, 10.0 * 10 / 4 * 10 / 8, 1e-12);
  EXPECT_EQ(paths[3].nodes, (Nodes{9, 1, 11}));
  EXPECT_NEAR(paths[3].weight, 10.0 * 10 / 4, 1e-12);
}

RC_GTEST_PROP(Paths, AreTheStrongestOfAllThatAreAskedFor, ()) {
  const AttributionGraph graph = *testing::any_graph();
  const PrunedGraph pruned = prune(graph, {.node_threshold = 0.95, .edge_threshold = 0.95});
  PathQuery query{
      .target_node = graph.first_target(),
      .k = *rc::gen::element<std::size_t>(1, 2, 7),
      .order = *rc::gen::element(PathOrder::kShare, PathOrder::kWeight),
      .sign = *rc::gen::element(PathSign::kAny, PathSign::kPositive, PathSign::kNegative)};
  const auto below = [](std::size_t end) { return *rc::gen::inRange<std::size_t>(0, end); };
  if (graph.n_features() > 0) {
    if (*rc::gen::arbitrary<bool>()) query.target_node = below(graph.n_features());
    if (*rc::gen::arbitrary<bool>()) query.through = below(graph.n_features());
  }
  if (*rc::gen::arbitrary<bool>()) query.from = graph.first_token() + below(graph.n_positions());
  require_strongest(strongest_paths(graph, pruned, query), all_paths(graph, pruned, query), query);
}

TEST(Paths, TogetherCarryAllThatTokensGiveWhereFeaturesAreWhatTheyRead) {
  // Activation = sum of the inputs, no errors: the weights of all paths add up to the target.
  GraphNodes nodes = small_graph().nodes();
  EdgeMatrix edges{.row_offsets = {0, 1, 3, 3, 5, 5, 5, 5, 5, 5, 5, 5, 7},
                   .columns = {9, 9, 10, 0, 1, 1, 3},
                   .weights = {2, 3, -1, 1.5F, 0.5F, -4, 7}};
  nodes.activation_values = {2, 2, 1, 2, 1};
  const AttributionGraph graph(std::move(nodes), std::move(edges));
  double sum = 0.0;
  for (const Path& path : strongest_paths(graph, keep_all(graph), {.target_node = 11, .k = 100})) {
    sum += path.weight;
  }
  EXPECT_NEAR(sum, 3.0, 1e-12);
}

TEST(Paths, AreNoneWhereNoTokenReachesTheTarget) {
  const AttributionGraph graph = small_graph();
  EXPECT_TRUE(strongest_paths(graph, keep_all(graph), {.target_node = 4, .k = 1}).empty());
  EXPECT_TRUE(strongest_paths(graph, keep_all(graph), {.target_node = 4, .k = 3}).empty());
  EXPECT_TRUE(strongest_paths(graph, keep_all(graph), {.target_node = 11, .k = 0}).empty());
}

TEST(Paths, RefuseNodesAndMasksThatDoNotFit) {
  const AttributionGraph graph = small_graph();
  const PrunedGraph pruned = keep_all(graph);
  const auto refusal = [&](const PathQuery& query) {
    return message_of<std::invalid_argument>([&] { strongest_paths(graph, pruned, query); });
  };
  for (const std::size_t end : {std::size_t{6}, std::size_t{9}, std::size_t{12}}) {
    EXPECT_EQ(refusal({.target_node = end}),
              "[strongest_paths] node " + std::to_string(end) +
                  " is no feature or target of the graph's 12 nodes");
  }
  EXPECT_EQ(refusal({.target_node = 11, .from = 3}),
            "[strongest_paths] node 3 is no token of the graph's 12 nodes");
  EXPECT_EQ(refusal({.target_node = 11, .through = 7}),
            "[strongest_paths] node 7 is no feature of the graph's 12 nodes");
  EXPECT_EQ(
      message_of<std::invalid_argument>([&] { strongest_paths(graph, {}, {.target_node = 11}); }),
      "[strongest_paths] the masks are not of this graph");
}

}  // namespace
}  // namespace circuit
