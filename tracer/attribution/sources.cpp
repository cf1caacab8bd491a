#include "tracer/attribution/sources.h"

#include <ATen/ATen.h>

#include "tracer/machine/threads.h"
#include "tracer/replacement/linear_forward.h"
#include "transcoders/product.h"

namespace circuit {
namespace {

// [n_layers] of [zero positions, tokens, n_kv_heads * d_head]
std::vector<at::Tensor> push_zeroed_tokens(const ReplacementRun& run) {
  const std::vector<FrozenStream> streams = zeroed_token_streams(run);
  std::vector<at::Tensor> values;
  for (std::size_t layer = 0; layer < static_cast<std::size_t>(run.n_layers()); ++layer) {
    std::vector<at::Tensor> tokens;
    for (const FrozenStream& stream : streams) tokens.push_back(stream.values[layer]);
    values.push_back(at::stack(tokens, /*dim=*/1));
  }
  return values;
}

}  // namespace

Sources::Sources(const ReplacementRun& run, std::int64_t keep_bytes)
    : run_(run),
      cross_layer_(run.transcoders->info().cross_layer),
      columns_(run.features, run.n_layers(), run.n_positions(), run.zero_positions),
      zeroed_token_values_(push_zeroed_tokens(run)),
      keeps_(all_bytes() <= keep_bytes),
      kept_(static_cast<std::size_t>(run.n_layers())) {}

std::int64_t Sources::all_bytes() const {
  std::int64_t rows = run_.n_layers() * (run_.n_positions() - run_.zero_positions);  // errors
  for (std::int64_t from = 0; from < run_.n_layers(); ++from) {
    rows += (columns_.first_feature(from, run_.n_positions()) - columns_.first_feature(from, 0)) *
            (run_.transcoders->last_written_layer(from) - from + 1);
  }
  return rows * run_.model->config.d_model * static_cast<std::int64_t>(at::elementSize(type()));
}

void Sources::open_layer(std::int64_t layer) {
  const std::int64_t first = first_layer(layer);
  open_layer_ = layer;
  open_rows_.assign(static_cast<std::size_t>(layer - first + 1), {});
  const auto read = [&](std::size_t i) {
    open_rows_[i] = run_.written_rows(first + static_cast<std::int64_t>(i), layer);
  };
  if (run_.decoders.kept()) {
    for (std::size_t i = 0; i < open_rows_.size(); ++i) read(i);
  } else {
    parallel_tasks(open_rows_.size(), read);
  }
}

void Sources::open_kept_layer(std::int64_t layer) {
  if (kept_[static_cast<std::size_t>(layer)].empty()) {
    open_layer(layer);
    if (keeps_) keep_open_layer();
  }
  open_layer_ = layer;
}

void Sources::keep_open_layer() {
  std::vector<at::Tensor>& matrices = kept_[static_cast<std::size_t>(open_layer_)];
  matrices.resize(static_cast<std::size_t>(run_.n_positions()));
  parallel_tasks(matrices.size(), [&](std::size_t q) {
    const auto position = static_cast<std::int64_t>(q);
    if (position < run_.zero_positions) return;
    matrices[q] = at::empty({written_count(position), run_.model->config.d_model}, type());
    written(position, matrices[q]);
  });
}

at::Tensor Sources::kept(std::int64_t position) const {
  const std::vector<at::Tensor>& matrices = kept_[static_cast<std::size_t>(open_layer_)];
  return matrices.empty() ? at::Tensor() : matrices[static_cast<std::size_t>(position)];
}

std::int64_t Sources::written_count(std::int64_t position) const {
  std::int64_t count = 1;
  for (std::int64_t from = first_layer(open_layer_); from <= open_layer_; ++from) {
    count += columns_.feature_count(from, position);
  }
  return count;
}

void Sources::written(std::int64_t position, at::Tensor out) const {
  std::int64_t begin = 0;
  for (std::int64_t from = first_layer(open_layer_); from <= open_layer_; ++from) {
    const std::int64_t count = columns_.feature_count(from, position);
    written_by(from, position, out.narrow(0, begin, count));
    begin += count;
  }
  out.select(0, begin).copy_(errors().select(0, position));
}

void Sources::written_by(std::int64_t from, std::int64_t position, at::Tensor out) const {
  gather_scaled_rows(out, open_rows_[static_cast<std::size_t>(from - first_layer(open_layer_))],
                     columns_.first_feature(from, position) - columns_.first_feature(from, 0),
                     out.size(0));
}

}  // namespace circuit
