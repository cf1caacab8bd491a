// Some sources pushed through the frozen network together, and what heads bring of them to targets
// on the way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "graph/attribution_graph.h"
#include "tracer/attention/edge_parts.h"
#include "tracer/attention/node_vectors.h"
#include "tracer/attention/target_gradients.h"
#include "tracer/replacement/run.h"

namespace circuit {

struct KeptEdgeOf {
  std::size_t edge = 0;    ///< of the graph
  std::size_t target = 0;  ///< node
  std::size_t place = 0;   ///< among the divided edges
};

struct SourceEdges {
  std::size_t source = 0;  ///< node
  std::vector<KeptEdgeOf> edges;
};

/// What targets read ahead of the output projection of every layer, at their own position and
/// through no head above.
class TargetReads {
 public:
  /// `targets`: nodes, ascending.
  TargetReads(const ReplacementRun& run, const AttributionGraph& graph, const at::Tensor& covectors,
              std::span<const std::size_t> targets);

  /// Index of a node among the targets; nothing when it is none of them.
  std::ptrdiff_t find(std::size_t node) const;
  const TargetGradients& gradients() const { return gradients_; }
  /// [targets, n_heads, d_head]; undefined when none reads at `layer` or above.
  const at::Tensor& heads(std::int64_t layer) const {
    return heads_[static_cast<std::size_t>(layer)];
  }
  std::int64_t last_layer() const { return last_layer_; }

 private:
  std::vector<std::size_t> targets_;
  TargetGradients gradients_;
  std::vector<at::Tensor> heads_;
  std::int64_t last_layer_ = -1;  ///< the topmost layer whose attention any of them reads through
};

/// Fills in the places of the edges of `sources` that lead to targets of `reads`.
void divide_edges(const ReplacementRun& run, const AttributionGraph& graph,
                  const TargetReads& reads, std::span<const SourceEdges> sources,
                  std::vector<DividedEdge>& divided);

}  // namespace circuit
