// What targets of a graph read of the residual stream at their own position, with all attention
// below them left out: the end of every path, behind its last head (docs/method.md, heads).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "graph/attribution_graph.h"
#include "tracer/replacement/backward_batch.h"
#include "tracer/replacement/run.h"

namespace circuit {

/// Some rows of one graph, features or outputs, as a batch.
struct TargetGradients {
  std::vector<ReadPoint> reads;  ///< [size]
  at::Tensor positions;          ///< i64 [size]
  /// [n_layers] of [size, d_model] behind the attention of the layer; rows of targets that read
  /// lower are 0. Layers without any are undefined.
  std::vector<at::Tensor> behind_attention;
  at::Tensor final;  ///< [size, d_model] behind the last layer; undefined without outputs
};

/// `covectors`: of all targets of the graph, [targets, d_model]; those of features are not used.
/// The result is of `type`, as streams of FrozenLayer.
TargetGradients target_gradients(const ReplacementRun& run, const AttributionGraph& graph,
                                 const at::Tensor& covectors, std::span<const std::size_t> targets,
                                 at::ScalarType type);

}  // namespace circuit
