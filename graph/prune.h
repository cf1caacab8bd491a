// Keeps the nodes and edges that carry most of the influence (docs/method.md, pruning).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "graph/attribution_graph.h"

namespace circuit {

/// What `edge_threshold` is a share of.
enum class EdgeRule : std::uint8_t {
  kWholeGraph,  ///< all edge scores together
  kPerTarget,   ///< the absolute input of each node on its own
};

struct PruneOptions {
  /// Share of total influence that kept nodes must cover, in [0, 1]. 1 keeps every node with
  /// positive influence. Equal to circuit-tracer's rule, ties at the threshold included.
  double node_threshold = 0.8;
  /// Share of the sum of edge scores that kept edges must cover, in [0, 1]. 1 keeps every edge with
  /// a positive score.
  double edge_threshold = 0.98;
  /// Errors are not cut by influence (as in the attribution-graphs paper; circuit-tracer cuts
  /// them). One that no kept edge leaves still goes in the clean-up.
  bool keep_errors = false;
  /// Above 0: instead of `node_threshold` at most so many features and errors (with `keep_errors`
  /// features), those of most influence; ties by node index. Clean-up may leave fewer.
  std::size_t max_nodes = 0;
  EdgeRule edge_rule = EdgeRule::kWholeGraph;

  friend bool operator==(const PruneOptions&, const PruneOptions&) = default;
};

/// What pruning decided, beside the graph that it was decided on.
struct PrunedGraph {
  std::vector<std::uint8_t> node_mask;           ///< [n_nodes] 1 = kept
  std::vector<std::uint8_t> edge_mask;           ///< [edges] 1 = kept, in storage order
  std::vector<float> node_cumulative_influence;  ///< [n_nodes] of the unpruned graph
  PruneOptions options;

  std::size_t kept_nodes() const;
  std::size_t kept_edges() const;
};

/// Throws std::invalid_argument when a threshold is outside [0, 1] or not finite. Tokens and
/// targets are always kept; a graph without influence keeps only these. Only stored edges count.
/// O(edges), parallel, the same result for any number of threads; beside the graph it holds a byte
/// an edge.
PrunedGraph prune(const AttributionGraph& graph, const PruneOptions& options = {});

/// The graph of kept nodes and edges alone; unkept features become unselected. Errors, tokens and
/// targets all stay in their order (unkept errors without edges), as the node order demands. Scores
/// and cumulative influence must be taken before. Totals and dropped shares stay those of the whole
/// rows; heads are those of kept edges, score tables all. Throws std::invalid_argument when the
/// masks are not of this graph.
AttributionGraph compact(const AttributionGraph& graph, const PrunedGraph& pruned);

}  // namespace circuit
