#include "tracer/attention/edge_split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <span>
#include <tuple>

#include <ATen/ATen.h>

#include "graph/influence.h"
#include "graph/kept_graph.h"
#include "tracer/attention/edge_parts.h"
#include "tracer/attention/source_batch.h"
#include "tracer/attention/target_gradients.h"
#include "tracer/machine/threads.h"
#include "transcoders/product.h"

namespace circuit {
namespace {

// Sources that are pushed together: products of 16 streams run at full rate, and their state fits
// a cache that is shared by few threads.
constexpr std::size_t kSourcesPerTask = 16;

// Kept edges by source, the sources in the order in which they enter the network.
std::vector<SourceEdges> kept_edges_by_source(const AttributionGraph& graph,
                                              const PrunedGraph& pruned) {
  std::vector<SourceEdges> by_source(graph.n_nodes());
  std::size_t place = 0;
  for (const KeptEdge& edge : kept_graph(graph, pruned).edges) {
    by_source[edge.source].source = edge.source;
    by_source[edge.source].edges.push_back(
        {.edge = edge.index, .target = edge.target, .place = place++});
  }
  std::erase_if(by_source, [](const SourceEdges& one) { return one.edges.empty(); });
  std::ranges::stable_sort(by_source, {}, [&](const SourceEdges& one) {
    return first_attention(graph.node(one.source));
  });
  return by_source;
}

std::vector<std::size_t> kept_targets(const std::vector<SourceEdges>& sources) {
  std::vector<std::size_t> targets;
  for (const SourceEdges& one : sources) {
    for (const KeptEdgeOf& edge : one.edges) targets.push_back(edge.target);
  }
  std::ranges::sort(targets);
  targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
  return targets;
}

// What a target's gradients ahead of the output projections take, for all layers.
std::int64_t bytes_per_target(const ReplacementRun& run) {
  const ModelConfig& c = run.model->config;
  return c.n_layers * (c.n_heads * c.d_head + c.d_model) *
         static_cast<std::int64_t>(at::elementSize(sum_type(run.model->dtype)));
}

void split_group(const ReplacementRun& run, const AttributionGraph& graph,
                 const at::Tensor& covectors, std::span<const std::size_t> targets,
                 const std::vector<SourceEdges>& sources, std::vector<DividedEdge>& divided) {
  const TargetReads reads(run, graph, covectors, targets);
  const std::size_t tasks = (sources.size() + kSourcesPerTask - 1) / kSourcesPerTask;
  parallel_tasks(tasks, [&](std::size_t task) {
    const std::size_t first = task * kSourcesPerTask;
    const std::size_t count = std::min(kSourcesPerTask, sources.size() - first);
    divide_edges(run, graph, reads, std::span(sources).subspan(first, count), divided);
  });
}

EdgeHeads collect(const std::vector<DividedEdge>& divided) {
  EdgeHeads heads;
  if (divided.empty()) return heads;
  heads.offsets.push_back(0);
  for (const DividedEdge& one : divided) {
    heads.edges.push_back(one.edge);
    heads.parts.insert(heads.parts.end(), one.parts.begin(), one.parts.end());
    heads.offsets.push_back(heads.parts.size());
  }
  return heads;
}

// What flows into a target, by the weight of its edges, as far as it is taken straight from the
// source by one head; by (head, query, key).
std::vector<CarryingScore> carrying_scores(const AttributionGraph& graph,
                                           const std::vector<DividedEdge>& divided) {
  const Flow flow = compute_flow(graph);
  const std::vector<double> weights = graph.target_weights();
  std::map<std::tuple<Head, std::int32_t, std::int32_t>, double> carried;
  double all = 0.0;
  for (const DividedEdge& one : divided) {
    if (flow.row_sums[one.target] <= 0.0) continue;
    const double scale =
        (flow.influence[one.target] + weights[one.target]) / flow.row_sums[one.target];
    const auto key = graph.node(static_cast<std::size_t>(graph.edges().columns[one.edge])).position;
    const auto query = graph.node(one.target).position;
    for (const HeadShare& share : one.straight) {
      const double value = scale * std::abs(share.weight);
      carried[{share.head, query, key}] += value;
      all += value;
    }
  }
  std::vector<CarryingScore> scores;
  for (const auto& [cell, value] : carried) {
    const auto& [head, query, key] = cell;
    scores.push_back({.cell = {.head = head, .query = query, .key = key}, .share = value / all});
  }
  std::ranges::stable_sort(scores, std::greater<>(), &CarryingScore::share);
  return scores;
}

}  // namespace

EdgeSplit split_edges(const ReplacementRun& run, const AttributionGraph& graph,
                      const PrunedGraph& pruned, const at::Tensor& covectors,
                      std::int64_t memory_bytes) {
  const std::vector<SourceEdges> sources = kept_edges_by_source(graph, pruned);
  const std::vector<std::size_t> targets = kept_targets(sources);
  std::vector<DividedEdge> divided(std::accumulate(
      sources.begin(), sources.end(), std::size_t{0},
      [](std::size_t sum, const SourceEdges& one) { return sum + one.edges.size(); }));
  const auto group =
      static_cast<std::size_t>(std::max<std::int64_t>(1, memory_bytes / 2 / bytes_per_target(run)));
  for (std::size_t first = 0; first < targets.size(); first += group) {
    split_group(run, graph, covectors,
                std::span(targets).subspan(first, std::min(group, targets.size() - first)), sources,
                divided);
  }
  return {.heads = collect(divided), .scores = carrying_scores(graph, divided)};
}

}  // namespace circuit
