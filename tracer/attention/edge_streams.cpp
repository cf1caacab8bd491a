#include "tracer/attention/edge_streams.h"

#include <algorithm>
#include <array>

#include <ATen/ATen.h>

#include "tracer/attention/node_vectors.h"
#include "tracer/attention/target_gradients.h"
#include "tracer/replacement/frozen_layer.h"
#include "transcoders/product.h"

namespace circuit {
namespace {

// The source by how many heads it has passed: streams[j] through j heads, [hops, n, d_model].
// Fills heads, ahead, written; returns the streams where the target reads.
at::Tensor push(const ReplacementRun& run, const AttributionGraph& graph, std::size_t source,
                EdgeStreams& edge) {
  const std::array<std::size_t, 1> batch = {source};
  const NodeVectors vectors(run, graph, batch);
  const std::int64_t n = run.n_positions(), p = edge.source.position;
  at::Tensor streams = at::zeros({edge.last - edge.first + 2, n, run.model->config.d_model},
                                 run.record.token_embeddings.options().dtype(at::kDouble));
  at::Tensor origin = streams[0][p];
  origin.add_(vectors.embedded()[0]);
  const auto write = [&](std::int64_t layer) {
    const FrozenLayer here(run, layer, vectors.positions().to(run.device()));
    const at::Tensor written = vectors.written(layer, here);
    if (!written.defined()) return at::Tensor();
    streams[0][p].add_(written[0]);
    return written[0];
  };
  if (edge.first > 0) write(edge.first - 1);
  for (std::int64_t layer = edge.first; layer <= edge.last; ++layer) {
    const FrozenLayer frozen(run, layer, n);
    edge.ahead.push_back(streams.sum(0));
    edge.heads.push_back(frozen.mixed(frozen.values(streams)));
    const at::Tensor added = frozen.added(edge.heads.back());
    streams.narrow(0, 1, streams.size(0) - 1).add_(added.narrow(0, 0, streams.size(0) - 1));
    edge.written.emplace_back();
    if (layer == edge.target.layer) break;
    if (const at::Tensor skipped = frozen.skipped(streams); skipped.defined()) streams += skipped;
    edge.written.back() = write(layer);
  }
  return streams;
}

// The target's gradient by all ways; fills pulled, behind.
void pull(const ReplacementRun& run, const at::Tensor& joined, EdgeStreams& edge) {
  const std::int64_t n = run.n_positions();
  at::Tensor gradients = at::zeros({n, run.model->config.d_model}, joined.options());
  gradients[edge.target.position].copy_(joined);
  edge.pulled.resize(edge.heads.size());
  edge.behind.resize(edge.heads.size());
  for (std::int64_t layer = edge.last; layer >= edge.first; --layer) {
    const FrozenLayer frozen(run, layer, n);
    const auto i = static_cast<std::size_t>(layer - edge.first);
    edge.behind[i] = gradients[edge.source.position];
    if (layer < edge.target.layer) {
      if (const at::Tensor skipped = frozen.pull_skipped(gradients); skipped.defined()) {
        gradients = gradients + skipped;
      }
    }
    edge.pulled[i] = gradients;
    gradients = gradients + frozen.pull_values(frozen.pull_mixed(frozen.pull_added(gradients)));
  }
}

}  // namespace

EdgeStreams push_and_pull(const ReplacementRun& run, const AttributionGraph& graph,
                          const at::Tensor& covectors, std::size_t source, std::size_t target) {
  EdgeStreams edge;
  edge.source = graph.node(source);
  edge.target = graph.node(target);
  edge.target.layer = graph.read_layer(target);
  edge.first = first_attention(edge.source);
  edge.last = std::min<std::int64_t>(edge.target.layer, run.n_layers() - 1);
  const at::Tensor streams = push(run, graph, source, edge);

  const std::array<std::size_t, 1> batch = {target};
  const TargetGradients gradients = target_gradients(run, graph, covectors, batch, at::kDouble);
  const bool output = edge.target.layer == run.n_layers();
  for (std::int64_t layer = edge.first; layer <= edge.last; ++layer) {
    edge.alone.push_back(gradients.behind_attention[static_cast<std::size_t>(layer)][0]);
  }
  const at::Tensor end =
      output ? gradients.final[0]
             : gradients.behind_attention[static_cast<std::size_t>(edge.target.layer)][0];
  edge.by_hops = at::mv(streams.select(1, edge.target.position), end);
  pull(run, end, edge);
  return edge;
}

}  // namespace circuit
