#include "tracer/replacement/source_values.h"

#include <algorithm>
#include <iterator>
#include <tuple>

#include <ATen/ATen.h>

#include "tracer/model/affine.h"
#include "tracer/replacement/read_site.h"
#include "tracer/replacement/write_site.h"

namespace circuit {
namespace {

using Place = std::tuple<std::int32_t, std::int32_t, std::int32_t>;

std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

std::vector<Place> places_of(const ActiveFeatureSet& active) {
  std::vector<Place> places;
  for (std::size_t i = 0; i < active.layers.size(); ++i) {
    places.emplace_back(active.layers[i], active.positions[i], active.features[i]);
  }
  return places;
}

// What the MLP of `layer` writes but for its skip: [n, d_model].
at::Tensor written_beside_skip(const ReplacementRun& run, std::size_t layer) {
  const TranscoderInfo& info = run.transcoders->info();
  const BlockRecord& record = run.record.blocks[layer];
  const Block& block = run.model->blocks[layer];
  const at::Tensor written = written_value(info.write_site, block, record);
  const at::Tensor skip = run.transcoders->skip(static_cast<std::int64_t>(layer));
  if (!skip.defined()) return written;
  return written - affine(read_input(info.read_site, block.mlp_norm, record.mlp_inverse_scale,
                                     record.residual_mid),
                          skip, {});
}

struct Parts {
  at::Tensor by_features, rest;  // [n, d_model]
};

Parts parts_of(const ReplacementRun& run, std::size_t layer) {
  const at::Tensor written = written_beside_skip(run, layer);
  const std::int64_t z = run.zero_positions, count = run.n_positions() - z;
  at::Tensor rest = written.clone();
  rest.narrow(0, z, count)
      .copy_(run.errors[layer].to(written.options()).narrow(0, z, count) +
             run.transcoders->decoder_bias(static_cast<std::int64_t>(layer)));
  return {.by_features = written - rest, .rest = rest};
}

void add_to(at::Tensor& sum, const at::Tensor& value) { sum = sum.defined() ? sum + value : value; }

// `own` with every row behind the zeroed positions replaced by `mean` [d_model].
at::Tensor with_mean(const at::Tensor& own, std::int64_t zero_positions, const at::Tensor& mean) {
  at::Tensor result = own.clone();
  result.narrow(0, zero_positions, own.size(0) - zero_positions).copy_(mean.expand({1, -1}));
  return result;
}

}  // namespace

std::int64_t ListedFeatures::find(std::int32_t layer, std::int32_t position,
                                  std::int32_t feature) const {
  const std::int64_t begin = layer_offsets[index(layer)], end = layer_offsets[index(layer) + 1];
  const Place wanted{layer, position, feature};
  std::int64_t low = begin, high = end;
  while (low < high) {
    const std::int64_t middle = (low + high) / 2;
    if (Place(layer, positions[index(middle)], features[index(middle)]) < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  const bool there =
      low < end && Place(layer, positions[index(low)], features[index(low)]) == wanted;
  return there ? low : -1;
}

ListedFeatures list_features(const ReplacementRun& a, const ReplacementRun& b) {
  std::vector<Place> both;
  std::ranges::set_union(places_of(a.features), places_of(b.features), std::back_inserter(both));
  ListedFeatures listed;
  listed.layer_offsets.assign(index(a.n_layers()) + 1, 0);
  for (const auto& [layer, position, feature] : both) {
    listed.layers.push_back(layer);
    listed.positions.push_back(position);
    listed.features.push_back(feature);
    ++listed.layer_offsets[index(layer) + 1];
  }
  for (std::size_t layer = 1; layer < listed.layer_offsets.size(); ++layer) {
    listed.layer_offsets[layer] += listed.layer_offsets[layer - 1];
  }
  return listed;
}

SourceValues values_of(const ReplacementRun& run, const ListedFeatures& listed) {
  SourceValues values;
  values.embeddings = run.record.token_embeddings;
  const ActiveFeatureSet& active = run.features;
  std::vector<std::int64_t> where;
  for (std::size_t i = 0; i < active.layers.size(); ++i) {
    where.push_back(listed.find(active.layers[i], active.positions[i], active.features[i]));
  }
  values.activations = at::zeros({listed.size()}, active.activations.options());
  if (!where.empty()) {
    values.activations.index_put_({at::tensor(where, at::kLong)}, active.activations);
  }
  for (std::size_t layer = 0; layer < run.record.blocks.size(); ++layer) {
    Parts parts = parts_of(run, layer);
    values.by_features.push_back(parts.by_features);
    values.rest.push_back(parts.rest);
  }
  return values;
}

void MeanValues::add(const ReplacementRun& run) {
  const std::int64_t z = run.zero_positions, count = run.n_positions() - z;
  const auto sum_of = [&](const at::Tensor& x) {
    return x.narrow(0, z, count).to(at::kDouble).sum(0);
  };
  const std::size_t n_layers = run.record.blocks.size();
  activations_.resize(n_layers);
  by_features_.resize(n_layers);
  rest_.resize(n_layers);
  positions_ += count;
  add_to(embedding_, sum_of(run.record.token_embeddings));
  for (std::size_t layer = 0; layer < n_layers; ++layer) {
    const Parts parts = parts_of(run, layer);
    add_to(by_features_[layer], sum_of(parts.by_features));
    add_to(rest_[layer], sum_of(parts.rest));
    at::Tensor& sums = activations_[layer];
    if (!sums.defined()) sums = at::zeros({run.transcoders->info().n_features}, at::kDouble);
    for (std::int64_t i = run.features.layer_offsets[layer];
         i < run.features.layer_offsets[layer + 1]; ++i) {
      sums[run.features.features[index(i)]] += run.features.activations[i].to(at::kDouble);
    }
  }
}

SourceValues MeanValues::values(const ReplacementRun& run, const ListedFeatures& listed) const {
  const auto mean = [&](const at::Tensor& sum, const at::Tensor& like) {
    return (sum / static_cast<double>(positions_)).to(like.options());
  };
  SourceValues values = values_of(run, listed);
  const std::int64_t z = run.zero_positions;
  values.embeddings = with_mean(values.embeddings, z, mean(embedding_, values.embeddings));
  for (std::size_t layer = 0; layer < rest_.size(); ++layer) {
    at::Tensor& by_features = values.by_features[layer];
    by_features = with_mean(by_features, z, mean(by_features_[layer], by_features));
    values.rest[layer] = with_mean(values.rest[layer], z, mean(rest_[layer], values.rest[layer]));
    const at::Tensor means = mean(activations_[layer], values.activations);
    for (std::int64_t i = listed.layer_offsets[layer]; i < listed.layer_offsets[layer + 1]; ++i) {
      values.activations[i] = means[listed.features[index(i)]];
    }
  }
  return values;
}

}  // namespace circuit
