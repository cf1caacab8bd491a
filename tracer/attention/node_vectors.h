// What nodes of a graph write into the residual stream, and where: the start of every forward push
// (docs/method.md, sources).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "graph/attribution_graph.h"
#include "tracer/replacement/frozen_layer.h"
#include "tracer/replacement/run.h"

namespace circuit {

/// Some sources of one graph, as a batch. Looks at `run`, whose features are the graph's.
class NodeVectors {
 public:
  /// `sources`: nodes that are no targets.
  NodeVectors(const ReplacementRun& run, const AttributionGraph& graph,
              std::span<const std::size_t> sources);

  std::int64_t size() const { return positions_.size(0); }
  /// i64 [size]: where each writes.
  const at::Tensor& positions() const { return positions_; }
  /// [size, d_model]: embeddings of tokens, 0 of others.
  at::Tensor embedded() const;
  /// [size, d_model]: what each adds to the residual stream behind the MLP of `layer`; undefined
  /// when none does. `frozen` is the layer at `positions()`.
  at::Tensor written(std::int64_t layer, const FrozenLayer& frozen) const;
  /// Adds rows [size, d_model] at each source's own position to streams [size, n, d_model].
  void add_at_positions(at::Tensor streams, const at::Tensor& rows) const;

 private:
  struct LayerFeatures {
    std::vector<std::int64_t> places;  ///< in the batch
    std::vector<std::int64_t> active;  ///< among the active features of the layer
  };

  const ReplacementRun& run_;
  at::Tensor positions_;
  std::vector<std::int64_t> tokens_;               ///< places in the batch
  std::vector<std::vector<std::int64_t>> errors_;  ///< [n_layers] of places in the batch
  std::vector<LayerFeatures> features_;            ///< [n_layers]
};

/// The first layer whose attention `source` passes: 0 for tokens, else that above its own.
std::int64_t first_attention(const Node& source);

}  // namespace circuit
