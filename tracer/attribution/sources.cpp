#include "tracer/attribution/sources.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "tracer/model/threads.h"
#include "tracer/replacement/linear_forward.h"

namespace circuit {
namespace {

// Active features are sorted by layer, then position, so those of one (layer, position) are a
// range.
std::vector<PositionSources> group_by_position(const ReplacementRun& run) {
  const std::int64_t n_layers = run.n_layers();
  std::vector<PositionSources> positions(static_cast<std::size_t>(run.n_positions()));
  for (std::size_t q = 0; q < positions.size(); ++q) {
    PositionSources& sources = positions[q];
    sources.layer_begin.push_back(0);
    const bool zeroed = static_cast<std::int64_t>(q) < run.zero_positions;
    for (std::int64_t layer = 0; layer < n_layers; ++layer) {
      const auto first = run.features.positions.begin() +
                         run.features.layer_offsets[static_cast<std::size_t>(layer)];
      const auto last = run.features.positions.begin() +
                        run.features.layer_offsets[static_cast<std::size_t>(layer) + 1];
      const auto range = std::equal_range(first, last, static_cast<std::int32_t>(q));
      sources.first_feature.push_back(range.first - run.features.positions.begin());
      sources.layer_begin.push_back(sources.layer_begin.back() +
                                    (zeroed ? 0 : range.second - range.first + 1));
    }
  }
  return positions;
}

// The features of source layer `from` at this position, as they write into `layer`.
at::Tensor feature_rows(const ReplacementRun& run, const PositionSources& sources,
                        std::int64_t from, std::int64_t layer) {
  const auto index = static_cast<std::size_t>(from);
  const std::int64_t count = sources.layer_begin[index + 1] - sources.layer_begin[index] - 1;
  const std::int64_t first = sources.first_feature[index] - run.features.layer_offsets[index];
  return run.decoder_rows[index].select(1, layer - from).narrow(0, first, count);
}

WriteSiteSources write_site(const ReplacementRun& run, const PositionSources& sources,
                            std::int64_t layer, std::int64_t position) {
  const bool cross_layer = run.transcoders->info().cross_layer;
  const std::int64_t first_layer = cross_layer ? 0 : layer;
  std::vector<at::Tensor> rows;
  for (std::int64_t from = first_layer; from <= layer; ++from) {
    rows.push_back(feature_rows(run, sources, from, layer));
    const at::Tensor error = run.errors[static_cast<std::size_t>(from)].narrow(0, position, 1);
    rows.push_back(from == layer ? error : at::zeros_like(error));
  }
  return {.begin = sources.layer_begin[static_cast<std::size_t>(first_layer)],
          .vectors = at::cat(rows)};
}

std::vector<at::Tensor> push_zeroed_tokens(const ReplacementRun& run) {
  const std::int64_t m = run.zero_positions;
  std::vector<std::vector<at::Tensor>> by_layer(static_cast<std::size_t>(run.n_layers()));
  for (std::int64_t token = 0; token < m; ++token) {
    FrozenInput input;
    input.embedding = at::zeros({m, run.model->config.d_model}, run.model->dtype);
    input.embedding.select(0, token).copy_(run.record.token_embeddings.select(0, token));
    const FrozenStream stream = linear_forward(run, input, m);
    for (std::size_t layer = 0; layer < by_layer.size(); ++layer) {
      by_layer[layer].push_back(stream.values[layer]);  // [zero positions, values]
    }
  }
  std::vector<at::Tensor> values;
  for (const auto& tokens : by_layer) values.push_back(at::stack(tokens, /*dim=*/1));
  return values;
}

}  // namespace

SourceTable collect_sources(ReplacementRun& run) {
  SourceTable table;
  table.n_active = run.features.size();
  table.n_layers = run.n_layers();
  table.n_positions = run.n_positions();
  table.zero_positions = run.zero_positions;
  table.positions = group_by_position(run);
  table.token_embeddings = run.record.token_embeddings;
  table.zeroed_token_values = push_zeroed_tokens(run);
  table.written.resize(static_cast<std::size_t>(table.n_layers));
  parallel_tasks(table.written.size(), [&](std::size_t layer) {
    auto& sites = table.written[layer];
    sites.resize(static_cast<std::size_t>(table.n_positions));
    for (std::int64_t q = table.zero_positions; q < table.n_positions; ++q) {
      sites[static_cast<std::size_t>(q)] = write_site(
          run, table.positions[static_cast<std::size_t>(q)], static_cast<std::int64_t>(layer), q);
    }
  });
  run.decoder_rows.clear();
  return table;
}

}  // namespace circuit
