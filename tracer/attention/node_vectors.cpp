#include "tracer/attention/node_vectors.h"

#include <ATen/ATen.h>

#include "transcoders/product.h"

namespace circuit {
namespace {

std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

}  // namespace

NodeVectors::NodeVectors(const ReplacementRun& run, const AttributionGraph& graph,
                         std::span<const std::size_t> sources)
    : run_(run), errors_(index(run.n_layers())), features_(index(run.n_layers())) {
  std::vector<std::int64_t> positions;
  for (const std::size_t source : sources) {
    const Node node = graph.node(source);
    const auto place = static_cast<std::int64_t>(positions.size());
    positions.push_back(node.position);
    if (node.kind == NodeKind::kToken) {
      tokens_.push_back(place);
    } else if (node.kind == NodeKind::kError) {
      errors_[index(node.layer)].push_back(place);
    } else {
      features_[index(node.layer)].places.push_back(place);
      features_[index(node.layer)].active.push_back(graph.nodes().selected_features[source] -
                                                    run.features.layer_offsets[index(node.layer)]);
    }
  }
  positions_ = at::tensor(positions, at::kLong);
}

at::Tensor NodeVectors::embedded() const {
  const at::Tensor& embeddings = run_.record.token_embeddings;
  const at::Tensor result = at::zeros({size(), embeddings.size(1)}, embeddings.options());
  if (tokens_.empty()) return result;
  const at::Tensor places = at::tensor(tokens_, at::kLong).to(embeddings.device());
  const at::Tensor where = positions_.to(embeddings.device()).index_select(0, places);
  return result.index_copy(0, places, embeddings.index_select(0, where));
}

at::Tensor NodeVectors::written(std::int64_t layer, const FrozenLayer& frozen) const {
  at::Tensor rows;
  const auto add = [&](const std::vector<std::int64_t>& places, const at::Tensor& vectors) {
    if (!rows.defined()) {
      rows = at::zeros({size(), vectors.size(1)},
                       vectors.options().dtype(sum_type(run_.model->dtype)));
    }
    rows.index_add_(0, at::tensor(places, at::kLong), vectors.to(rows.scalar_type()));
  };
  if (const auto& places = errors_[index(layer)]; !places.empty()) {
    const at::Tensor where = positions_.index_select(0, at::tensor(places, at::kLong));
    add(places, run_.errors[index(layer)].index_select(0, where));
  }
  for (std::int64_t from = 0; from <= layer; ++from) {
    const LayerFeatures& some = features_[index(from)];
    if (some.places.empty() || run_.transcoders->last_written_layer(from) < layer) continue;
    const ScaledRows scaled = run_.written_rows(from, layer);
    const at::Tensor active = at::tensor(some.active, at::kLong);
    add(some.places, scaled.rows.index_select(0, scaled.index.index_select(0, active))
                             .to(scaled.factors.scalar_type()) *
                         scaled.factors.index_select(0, active).unsqueeze(1));
  }
  return rows.defined() ? frozen.written(rows.to(run_.device())) : rows;
}

void NodeVectors::add_at_positions(at::Tensor streams, const at::Tensor& rows) const {
  const std::int64_t n = streams.size(1);
  const at::Tensor places = (at::arange(size()) * n + positions_).to(streams.device());
  streams.view({-1, streams.size(2)}).index_add_(0, places, rows);
}

std::int64_t first_attention(const Node& source) {
  return source.kind == NodeKind::kToken ? 0 : source.layer + 1;
}

}  // namespace circuit
