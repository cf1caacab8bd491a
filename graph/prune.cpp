#include "graph/prune.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include <tbb/parallel_for.h>

#include "graph/influence.h"
#include "graph/threshold.h"

namespace circuit {
namespace {

// Scores are summed by chunk, so their number must not depend on that of threads.
constexpr std::size_t kChunks = 64;

void check_threshold(const char* name, double value) {
  if (!(value >= 0.0 && value <= 1.0)) {
    throw std::invalid_argument("[prune] " + std::string(name) + " is " + std::to_string(value) +
                                ", expected 0 to 1");
  }
}

std::vector<std::uint8_t> keep_nodes(const AttributionGraph& graph,
                                     const std::vector<double>& influence,
                                     const PruneOptions& options) {
  std::vector<std::uint8_t> mask(graph.n_nodes(), 1);  // tokens and targets stay
  const std::size_t end = options.keep_errors ? graph.first_error() : graph.first_token();
  if (options.max_nodes > 0) {
    std::fill_n(mask.begin(), end, std::uint8_t{0});
    std::size_t left = options.max_nodes;
    for (const std::size_t node : order_by_influence(std::span(influence).first(end))) {
      if (left == 0 || influence[node] == 0.0) break;
      mask[node] = 1;
      --left;
    }
    return mask;
  }
  const auto visit = [&](std::size_t /*chunk*/, const auto& take) {
    for (const double score : influence) {
      if (score > 0.0) take(score);
    }
  };
  const double threshold = threshold_score(1, options.node_threshold, visit);
  for (std::size_t node = 0; node < end; ++node) mask[node] = influence[node] >= threshold ? 1 : 0;
  return mask;
}

/// Rows cut into kChunks of about as many edges [kChunks + 1].
std::vector<std::size_t> cut_rows(const EdgeMatrix& edges) {
  std::vector<std::size_t> cuts;
  for (std::size_t chunk = 0; chunk < kChunks; ++chunk) {
    const auto wanted = static_cast<std::int64_t>(edges.edges() * chunk / kChunks);
    const auto row = std::ranges::lower_bound(edges.row_offsets, wanted);
    cuts.push_back(static_cast<std::size_t>(row - edges.row_offsets.begin()));
  }
  cuts.push_back(edges.rows());
  return cuts;
}

/// The edges between kept nodes, and what is known of them.
struct Subgraph {
  const AttributionGraph& graph;
  const std::vector<std::uint8_t>& node_mask;
  Flow flow{};  ///< in this subgraph
  std::vector<double> arriving{};
  std::vector<std::size_t> cuts{};

  Subgraph(const AttributionGraph& whole, const std::vector<std::uint8_t>& nodes)
      : graph(whole), node_mask(nodes) {
    flow = compute_flow(graph, {.rows = nodes, .sources = nodes});
    arriving = graph.target_weights();
    for (std::size_t row = 0; row < arriving.size(); ++row) arriving[row] += flow.influence[row];
    cuts = cut_rows(graph.edges());
  }

  /// take(edge, score) for every edge of `row` between kept nodes with a positive score.
  template <typename Take>
  void visit_row(std::size_t row, const Take& take) const {
    const EdgeMatrix& edges = graph.edges();
    const double sum = flow.row_sums[row], arrives = arriving[row];
    if (sum == 0.0 || arrives == 0.0) return;
    for (std::size_t edge = edges.begin(row); edge < edges.end(row); ++edge) {
      if (node_mask[static_cast<std::size_t>(edges.columns[edge])] == 0) continue;
      const double score = std::abs(static_cast<double>(edges.weights[edge])) / sum * arrives;
      if (score > 0.0) take(edge, score);
    }
  }

  template <typename Take>
  void visit_chunk(std::size_t chunk, const Take& take) const {
    for (std::size_t row = cuts[chunk]; row < cuts[chunk + 1]; ++row) visit_row(row, take);
  }
};

/// Marks the edges of `row` that cover `share` of its scores.
void keep_strongest(const Subgraph& subgraph, std::size_t row, double share,
                    std::vector<std::uint8_t>& mask) {
  const auto visit = [&](std::size_t /*chunk*/, const auto& take) {
    subgraph.visit_row(row, [&](std::size_t, double score) { take(score); });
  };
  const double threshold = threshold_score(1, share, visit);
  subgraph.visit_row(row, [&](std::size_t edge, double score) {
    if (score >= threshold) mask[edge] = 1;
  });
}

std::vector<std::uint8_t> keep_edges(const Subgraph& subgraph, const PruneOptions& options) {
  std::vector<std::uint8_t> mask(subgraph.graph.edges().edges(), 0);
  if (options.edge_rule == EdgeRule::kPerTarget) {
    tbb::parallel_for(std::size_t{0}, subgraph.graph.n_nodes(), [&](std::size_t row) {
      keep_strongest(subgraph, row, options.edge_threshold, mask);
    });
    return mask;
  }
  // Scores are computed in each round rather than stored: they would be as large as the graph.
  const auto visit = [&](std::size_t chunk, const auto& take) {
    subgraph.visit_chunk(chunk, [&](std::size_t, double score) { take(score); });
  };
  const double threshold = threshold_score(kChunks, options.edge_threshold, visit);
  tbb::parallel_for(std::size_t{0}, kChunks, [&](std::size_t chunk) {
    subgraph.visit_chunk(chunk, [&](std::size_t edge, double score) {
      if (score >= threshold) mask[edge] = 1;
    });
  });
  return mask;
}

/// Calls `action(edge)` for every marked edge of [first, last).
template <typename Action>
void for_each_kept(const std::vector<std::uint8_t>& mask, std::size_t first, std::size_t last,
                   const Action& action) {
  const auto end = mask.begin() + static_cast<std::ptrdiff_t>(last);
  auto at = mask.begin() + static_cast<std::ptrdiff_t>(first);
  while ((at = std::find(at, end, std::uint8_t{1})) != end) {
    action(static_cast<std::size_t>(at - mask.begin()));
    ++at;
  }
}

/// Removes features and errors that nothing kept reads, and their rows, until none is left: in
/// descending order every reader of a node has been decided before it.
void drop_unread(const AttributionGraph& graph, PrunedGraph& pruned) {
  const EdgeMatrix& edges = graph.edges();
  const auto source = [&](std::size_t edge) {
    return static_cast<std::size_t>(edges.columns[edge]);
  };
  std::vector<std::size_t> readers(graph.n_nodes(), 0);
  for_each_kept(pruned.edge_mask, 0, edges.edges(),
                [&](std::size_t edge) { ++readers[source(edge)]; });
  for (std::size_t row = graph.first_error(); row-- > 0;) {
    if (readers[row] > 0) continue;
    pruned.node_mask[row] = 0;
    for_each_kept(pruned.edge_mask, edges.begin(row), edges.end(row), [&](std::size_t edge) {
      pruned.edge_mask[edge] = 0;
      --readers[source(edge)];
    });
  }
  for (std::size_t error = graph.first_error(); error < graph.first_token(); ++error) {
    if (readers[error] == 0) pruned.node_mask[error] = 0;
  }
}

/// Removes features that read nothing kept, until none is left: in ascending order every source of
/// a node has been decided before it. It takes no reader from any node that still reads something,
/// so that one pass after drop_unread reaches the common fixed point.
void drop_unfed(const AttributionGraph& graph, PrunedGraph& pruned) {
  const EdgeMatrix& edges = graph.edges();
  for (std::size_t row = 0; row < edges.rows(); ++row) {
    bool fed = false;
    for_each_kept(pruned.edge_mask, edges.begin(row), edges.end(row), [&](std::size_t edge) {
      std::uint8_t& kept = pruned.edge_mask[edge];
      kept = pruned.node_mask[static_cast<std::size_t>(edges.columns[edge])];
      fed = fed || kept != 0;
    });
    if (!fed && row < graph.first_error()) pruned.node_mask[row] = 0;
  }
}

}  // namespace

std::size_t PrunedGraph::kept_nodes() const {
  return static_cast<std::size_t>(std::ranges::count(node_mask, 1));
}

std::size_t PrunedGraph::kept_edges() const {
  return static_cast<std::size_t>(std::ranges::count(edge_mask, 1));
}

PrunedGraph prune(const AttributionGraph& graph, const PruneOptions& options) {
  check_threshold("node_threshold", options.node_threshold);
  check_threshold("edge_threshold", options.edge_threshold);
  const std::vector<double> influence = compute_influence(graph);
  PrunedGraph pruned;
  pruned.options = options;
  pruned.node_cumulative_influence = cumulative_influence(influence);
  pruned.node_mask = keep_nodes(graph, influence, options);
  pruned.edge_mask = keep_edges(Subgraph(graph, pruned.node_mask), options);
  drop_unread(graph, pruned);
  drop_unfed(graph, pruned);
  return pruned;
}

}  // namespace circuit
