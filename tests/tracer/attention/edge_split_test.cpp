#include "tracer/attention/edge_split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "graph/influence.h"
#include "tests/tracer/attention/traced_setup.h"
#include "tracer/attention/loadings.h"
#include "tracer/machine/threads.h"

namespace circuit::testing {
namespace {

constexpr std::int64_t kPlenty = std::int64_t{1} << 30;

EdgeSplit split(const TracedSetup& traced, const PrunedGraph& pruned,
                std::int64_t memory_bytes = kPlenty) {
  const c10::InferenceMode inference;
  return split_edges(traced.run, *traced.graph, pruned, traced.covectors, memory_bytes);
}

std::size_t target_of(const AttributionGraph& graph, std::size_t edge) {
  std::size_t row = 0;
  while (graph.edges().end(row) <= edge) ++row;
  return row;
}

class SplitOfEveryModel : public ::testing::TestWithParam<TinyCase> {};

TEST_P(SplitOfEveryModel, HasThePartsThatLoadingsOfSingleEdgesHave) {
  const ThreadScope threads(2);
  const TracedSetup traced(GetParam(), at::kDouble);
  const AttributionGraph& graph = *traced.graph;
  const PrunedGraph pruned = prune(graph);
  const EdgeSplit found = split(traced, pruned);
  ASSERT_EQ(found.heads.edges.size(), pruned.kept_edges());
  for (std::size_t i = 0; i < found.heads.edges.size(); i += 29) {
    const std::size_t edge = found.heads.edges[i];
    const std::size_t target = target_of(graph, edge);
    const c10::InferenceMode inference;
    const HeadLoadings expected = head_loadings(
        traced.run, graph, traced.covectors, static_cast<std::size_t>(graph.edges().columns[edge]),
        target, {.sequences = 0});
    double sum = 0.0;
    for (const EdgePart& part : found.heads.parts_of(i)) {
      sum += static_cast<double>(part.weight);
      if (part.way == EdgeWay::kOtherHeads) continue;
      const auto place = static_cast<std::size_t>(
          (part.head.layer - expected.first_layer) * expected.n_heads + part.head.head);
      EXPECT_NEAR(part.weight,
                  part.way == EdgeWay::kResidual ? expected.residual : expected.last[place],
                  1e-6 * expected.absolute_sum);
    }
    EXPECT_NEAR(sum, expected.edge, 1e-5 * expected.absolute_sum);
  }
}

TEST_P(SplitOfEveryModel, AddsUpToEveryKeptEdgeInSinglePrecision) {
  const ThreadScope threads(2);
  const TracedSetup traced(GetParam(), at::kFloat);
  const EdgeSplit found = split(traced, prune(*traced.graph));
  for (std::size_t i = 0; i < found.heads.edges.size(); ++i) {
    const std::size_t edge = found.heads.edges[i];
    double sum = 0.0, magnitudes = 0.0;
    for (const EdgePart& part : found.heads.parts_of(i)) {
      sum += static_cast<double>(part.weight);
      magnitudes += std::abs(static_cast<double>(part.weight));
    }
    EXPECT_NEAR(sum, traced.graph->edges().weights[edge],
                1e-5 * magnitudes + 1e-6 * traced.row_scale(target_of(*traced.graph, edge)));
  }
}

// The definition, from single edges: what is taken by one head alone, by influence of the target.
TEST(EdgeSplit, SharesWhatScoresCarry) {
  const ThreadScope threads(2);
  const TracedSetup traced(all_tiny_cases().front(), at::kDouble);
  const AttributionGraph& graph = *traced.graph;
  const PrunedGraph pruned = prune(graph, {.node_threshold = 0.5});
  const EdgeSplit found = split(traced, pruned);
  const Flow flow = compute_flow(graph);
  const std::vector<double> weights = graph.target_weights();
  std::map<std::tuple<Head, std::int32_t, std::int32_t>, double> expected;
  double all = 0.0;
  for (const std::size_t edge : found.heads.edges) {
    const std::size_t target = target_of(graph, edge);
    const auto source = static_cast<std::size_t>(graph.edges().columns[edge]);
    const c10::InferenceMode inference;
    const HeadLoadings one = head_loadings(traced.run, graph, traced.covectors, source, target, {});
    for (std::size_t i = 0; i < one.alone.size(); ++i) {
      const Head head{one.first_layer + static_cast<std::int32_t>(i) / one.n_heads,
                      static_cast<std::int32_t>(i) % one.n_heads};
      const double value = std::abs(one.alone[i]) * (flow.influence[target] + weights[target]) /
                           flow.row_sums[target];
      expected[{head, graph.node(target).position, graph.node(source).position}] += value;
      all += value;
    }
  }
  double shares = 0.0;
  for (const CarryingScore& score : found.scores) {
    shares += score.share;
    EXPECT_NEAR(score.share, (expected[{score.cell.head, score.cell.query, score.cell.key}] / all),
                1e-6);
    EXPECT_GE(score.cell.query, score.cell.key);
  }
  EXPECT_NEAR(shares, 1.0, 1e-9);
  EXPECT_TRUE(std::ranges::is_sorted(found.scores, std::greater<>(), &CarryingScore::share));
}

TEST(EdgeSplit, IsTheSameForAnyThreadsAndWithinRoundingForLittleMemory) {
  const TracedSetup traced(all_tiny_cases().front(), at::kFloat);
  const PrunedGraph pruned = prune(*traced.graph);
  const auto with = [&](int threads, std::int64_t memory_bytes) {
    const ThreadScope scope(threads);
    return split(traced, pruned, memory_bytes);
  };
  const EdgeSplit one = with(1, kPlenty), two = with(2, kPlenty), little = with(2, 1);
  ASSERT_EQ(one.heads.parts.size(), two.heads.parts.size());
  for (std::size_t i = 0; i < one.heads.parts.size(); ++i) {
    EXPECT_EQ(one.heads.parts[i].weight, two.heads.parts[i].weight);
  }
  ASSERT_EQ(one.heads.edges, little.heads.edges);
  for (std::size_t i = 0; i < one.heads.edges.size(); ++i) {
    EXPECT_NEAR(one.heads.parts_of(i)[0].weight, little.heads.parts_of(i)[0].weight,
                1e-5 * std::abs(one.heads.parts_of(i)[0].weight) + 1e-7);
  }
}

INSTANTIATE_TEST_SUITE_P(Attention, SplitOfEveryModel, ::testing::ValuesIn(all_tiny_cases()),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace circuit::testing
