// One edge, pushed from its source and pulled from its target through every layer between them: the
// pieces from which its parts by head are read (docs/method.md, heads of an edge).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "graph/attribution_graph.h"
#include "tracer/replacement/run.h"

namespace circuit {

/// Layers of attention between the ends: first … last, none when last < first. Tensors of layer
/// first + i are at index i; everything is over all positions of the prompt.
struct EdgeStreams {
  Node source, target;
  std::int64_t first = 0, last = -1;
  /// [hops, n, n_heads * d_head]: what heads take of the source after 0, 1, … heads before.
  std::vector<at::Tensor> heads;
  std::vector<at::Tensor> ahead;    ///< [n, d_model] the source, by all ways, ahead of the layer
  std::vector<at::Tensor> written;  ///< [d_model] what it writes behind the layer, or undefined
  /// Gradients of the target: behind the layer's attention at every position, by all ways
  /// [n, d_model]; there at its own position, through no head above [d_model]; behind the layer at
  /// the source's position, by all ways [d_model].
  std::vector<at::Tensor> pulled, alone, behind;
  at::Tensor by_hops;  ///< [hops] f64: parts of the edge through 0, 1, … heads
};

/// `covectors`: of all outputs of the graph. Costs one forward of as many streams as there are
/// layers between the ends, and one backward.
EdgeStreams push_and_pull(const ReplacementRun& run, const AttributionGraph& graph,
                          const at::Tensor& covectors, std::size_t source, std::size_t target);

}  // namespace circuit
