#include "tracer/attention/score_sides.h"

#include <algorithm>
#include <utility>

#include <ATen/ATen.h>

#include "transcoders/product.h"

namespace circuit {
namespace {

at::Tensor one_position(const at::Tensor& x, std::int64_t position) {
  return x.narrow(0, position, 1);
}

}  // namespace

ScoreSides::ScoreSides(const ReplacementRun& run, Sources& sources)
    : run_(run),
      sources_(sources),
      biases_(bias_stream(run, /*keep_residuals=*/true)),
      zeroed_tokens_(zeroed_token_streams(run, /*keep_residuals=*/true)),
      rotary_(rotary_tables(run.model->config, run.n_positions(), sum_type(run.model->dtype),
                            run.device())) {}

const ScoreSides::Layer& ScoreSides::layer(std::int64_t index) {
  const auto found = layers_.find(index);
  if (found != layers_.end()) return found->second;
  const Block& block = run_.model->blocks[static_cast<std::size_t>(index)];
  const at::Tensor residual =
      recorded_value(*run_.model, run_.record, {ModelSite::kResidualPre, index});
  Layer layer{.rotary = rotary_.of(block.attention.span), .live = {}};
  layer.live = queries_and_keys(run_.model->config, block.attention, layer.rotary,
                                norm_forward(block.attention_norm, residual).output);
  return layers_.emplace(index, std::move(layer)).first->second;
}

at::Tensor ScoreSides::live_scores(std::int64_t index) {
  const QueriesAndKeys& live = layer(index).live;
  return attention_scores(run_.model->config, live.query, live.key).to(at::kCPU);
}

std::int64_t ScoreSides::bytes_per_side() const {
  const ModelConfig& c = run_.model->config;
  return c.d_head * (2 * sources_.columns().n_columns() *
                         static_cast<std::int64_t>(at::elementSize(sum_type(run_.model->dtype))) +
                     RowComputer::bytes_per_target(run_, run_.n_positions() - 1));
}

ScoreProjection ScoreSides::projection(const SideKey& key) {
  const Layer& at_layer = layer(key.layer);
  return score_projection(run_.model->config,
                          run_.model->blocks[static_cast<std::size_t>(key.layer)].attention,
                          at_layer.rotary, at_layer.live, key.side, key.head, key.position);
}

// [d_head, d_model] at the residual stream ahead of the layer.
at::Tensor ScoreSides::covectors(const SideKey& key, const ScoreProjection& projection) const {
  const auto index = static_cast<std::size_t>(key.layer);
  return norm_pull(run_.model->blocks[index].attention_norm,
                   one_position(run_.record.blocks[index].attention_inverse_scale, key.position),
                   projection.map.t());
}

// [1, d_head]: biases of the paths to the layer, of its norm and of its projection.
at::Tensor ScoreSides::constant(const SideKey& key, const ScoreProjection& projection) const {
  const auto index = static_cast<std::size_t>(key.layer);
  const Norm& norm = run_.model->blocks[index].attention_norm;
  at::Tensor input =
      norm_push(norm, one_position(run_.record.blocks[index].attention_inverse_scale, key.position),
                one_position(biases_.residuals[index], key.position));
  if (norm.bias.defined()) input = input + norm.bias;
  return at::mm(input, projection.map) + projection.constant;
}

// At a zeroed position there are tokens alone.
Side ScoreSides::zeroed_side(const SideKey& key, const ScoreProjection& projection) const {
  const auto index = static_cast<std::size_t>(key.layer);
  const at::Tensor scale =
      one_position(run_.record.blocks[index].attention_inverse_scale, key.position);
  Side side;
  std::vector<at::Tensor> vectors;
  for (std::int64_t token = 0; token <= key.position; ++token) {
    side.columns.push_back(sources_.columns().token_column(token));
    const at::Tensor& residual = zeroed_tokens_[static_cast<std::size_t>(token)].residuals[index];
    vectors.push_back(at::mm(norm_push(run_.model->blocks[index].attention_norm, scale,
                                       one_position(residual, key.position)),
                             projection.map));
  }
  vectors.push_back(constant(key, projection));
  side.vectors = at::cat(vectors).to(at::kCPU);
  return side;
}

// Rows of the backward, as they are.
template <class T>
std::vector<at::Tensor> ScoreSides::sweep(std::span<const StreamReader> readers) {
  const std::int64_t d_head = run_.model->config.d_head;
  RowTargets targets{.kind = ReadKind::kResidual};
  std::vector<at::Tensor> covectors, rows;
  std::vector<T*> memory;
  for (const StreamReader& reader : readers) {
    covectors.push_back(reader.covectors);
    rows.push_back(at::zeros({d_head, sources_.columns().width(reader.read)},
                             c10::CppTypeToScalarType<T>::value));
    for (std::int64_t i = 0; i < d_head; ++i) {
      targets.reads.push_back(reader.read);
      memory.push_back(rows.back().template data_ptr<T>() + i * rows.back().size(1));
    }
  }
  targets.covectors = at::cat(covectors);
  const at::ScalarType products = run_.model->dtype;
  if (run_.device().is_cpu()) {
    if (!rows_) rows_ = std::make_unique<RowComputer>(run_, sources_, products);
    rows_->sweep<T>(targets, memory);
  } else {
    if (!device_rows_) {
      device_rows_ = std::make_unique<DeviceRows>(run_, sources_, products,
                                                  /*resident_sources=*/false);
    }
    device_rows_->sweep<T>(targets, memory);
  }
  for (at::Tensor& row : rows) row = row.t();
  return rows;
}

// A row of the backward and a source of the forward push cost about the same.
bool ScoreSides::pushes_sources(std::size_t n_keys) const {
  const std::int64_t sources = sources_.columns().n_columns();
  return run_.decoders.kept() &&
         sources < static_cast<std::int64_t>(n_keys) * run_.model->config.d_head;
}

std::vector<Side> ScoreSides::compute(std::span<const SideKey> keys) {
  std::vector<StreamReader> readers;
  std::vector<at::Tensor> constants;
  for (const SideKey& key : keys) {
    const ScoreProjection here = projection(key);
    readers.push_back({.read = {.layer = key.layer, .position = key.position},
                       .covectors = covectors(key, here)});
    constants.push_back(constant(key, here).to(at::kCPU));
  }
  const std::vector<at::Tensor> vectors =
      pushes_sources(keys.size())                  ? push_to(run_, columns(), readers)
      : sum_type(run_.model->dtype) == at::kDouble ? sweep<double>(readers)
                                                   : sweep<float>(readers);
  std::vector<Side> sides(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    for (const ColumnRun& run : columns().runs(readers[i].read)) {
      for (std::int64_t column = run.first; column < run.first + run.count; ++column) {
        sides[i].columns.push_back(column);
      }
    }
    sides[i].vectors = at::cat({vectors[i], constants[i].to(vectors[i].scalar_type())});
  }
  return sides;
}

std::vector<Side> ScoreSides::find(std::span<const SideKey> keys, std::int64_t memory_bytes) {
  std::vector<Side> sides(keys.size());
  std::vector<SideKey> batch;
  std::vector<std::size_t> places;
  const auto flush = [&] {
    if (batch.empty()) return;
    std::vector<Side> found = compute(batch);
    for (std::size_t i = 0; i < found.size(); ++i) sides[places[i]] = std::move(found[i]);
    batch.clear();
    places.clear();
  };
  const auto most =
      static_cast<std::size_t>(std::max<std::int64_t>(1, memory_bytes / bytes_per_side()));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].position < run_.zero_positions) {
      sides[i] = zeroed_side(keys[i], projection(keys[i]));
      continue;
    }
    batch.push_back(keys[i]);
    places.push_back(i);
    if (batch.size() == most) flush();
  }
  flush();
  return sides;
}

}  // namespace circuit
