#include "tracer/replacement/device_backward.h"

#include <utility>
#include <vector>

#include <ATen/ATen.h>

#include "tracer/machine/device.h"
#include "tracer/replacement/buffer.h"
#include "tracer/replacement/read_site.h"
#include "tracer/replacement/write_site.h"
#include "transcoders/product.h"

namespace circuit {
namespace {

std::int64_t d_outputs(const ModelConfig& c) { return c.n_heads * c.d_head; }
std::int64_t d_values(const ModelConfig& c) { return c.n_kv_heads * c.d_head; }

std::int64_t sum_bytes(const ReplacementRun& run) {
  return static_cast<std::int64_t>(at::elementSize(sum_type(run.model->dtype)));
}

// Of `positions`, as a factor of gradients [positions, slots, d_model].
at::Tensor by_position(const at::Tensor& scale, std::int64_t first, std::int64_t positions) {
  return scale.narrow(0, first, positions).unsqueeze(1);
}

}  // namespace

DeviceBackward::DeviceBackward(const ReplacementRun& run, at::ScalarType products)
    : run_(run),
      products_(products),
      sums_(sum_type(products)),
      skips_(static_cast<std::size_t>(run.n_layers())) {}

at::TensorOptions DeviceBackward::options() const {
  return at::TensorOptions().dtype(sums_).device(run_.device());
}

std::int64_t DeviceBackward::bytes_per_row(const ReplacementRun& run) {
  const ModelConfig& c = run.model->config;
  const std::int64_t values = d_values(c) * (1 + run.zero_positions);
  const std::int64_t skip = run.transcoders->info().has_skip ? 3 * c.d_model : 0;
  const std::int64_t written = run.writes_through_norms() ? 2 * c.d_model : 0;
  const std::int64_t sums = 2 * c.d_model + 2 * d_outputs(c) + 2 * values + skip + written;
  // Of bf16 each product has its input and its result in that type beside the sums.
  const bool rounds = run.model->dtype != sum_type(run.model->dtype);
  return sums * sum_bytes(run) + (rounds ? 2 * (c.d_model + d_outputs(c) + values) : 0);
}

std::int64_t DeviceBackward::fixed_bytes(const ReplacementRun& run) {
  const ModelConfig& c = run.model->config;
  const std::int64_t n = run.n_positions();
  const std::int64_t skip =
      run.transcoders->info().has_skip ? c.n_layers * c.d_model * c.d_model : 0;
  return (3 * d_values(c) * c.d_model + 3 * c.n_heads * n * n + skip) * sum_bytes(run);
}

void DeviceBackward::reserve(const BackwardBatch& batch) {
  const ModelConfig& c = run_.model->config;
  const std::int64_t positions = batch.carried_positions(), slots = batch.size();
  const std::int64_t rows = positions * slots;
  const std::int64_t values = (positions + batch.zero_positions()) * slots * d_values(c);
  gradients_ = reuse_buffer(gradients_, {rows, c.d_model}, options());
  spare_ = reuse_buffer(spare_, {rows, c.d_model}, options());
  outputs_ = reuse_buffer(outputs_, {rows, d_outputs(c)}, options());
  heads_ = reuse_buffer(heads_, {rows, d_outputs(c)}, options());
  mixed_ = reuse_buffer(mixed_, {values}, options());
  values_ = reuse_buffer(values_, {values}, options());
}

void DeviceBackward::sweep(const BackwardBatch& batch, const at::Tensor& covectors,
                           GradientSink& sink) {
  reserve(batch);
  join(batch, batch.n_layers(), covectors);
  for (std::int64_t layer = batch.n_layers() - 1; layer >= 0; --layer) {
    if (batch.active_slots(layer + 1) > 0) {
      const at::Tensor written = pull_write(layer);
      sink.write_site(layer, written);
      pull_skip(layer, written);
    }
    if (batch.kind() == ReadKind::kNodes) join(batch, layer, covectors);
    if (batch.attended_slots(layer) > 0) sink.zeroed_values(layer, pull_attention(layer));
    if (batch.kind() == ReadKind::kResidual) join(batch, layer, covectors);
  }
  sink.embedding(gradients_);
}

// Writes the covectors that are read at `layer`, pulled to the residual stream, into the other
// buffer beside the rows of those that have joined before.
void DeviceBackward::join(const BackwardBatch& batch, std::int64_t layer,
                          const at::Tensor& covectors) {
  const std::int64_t first = layer == batch.n_layers() ? 0 : batch.active_slots(layer + 1);
  const std::int64_t end = batch.active_slots(layer);
  if (first == end) return;
  const std::int64_t d_model = run_.model->config.d_model;
  const at::Tensor grown =
      reuse_buffer(spare_, {batch.carried_positions(), end, d_model}, options());
  if (first > 0) grown.narrow(1, 0, first).copy_(gradients_);
  grown.narrow(1, first, end - first).zero_();
  std::vector<std::int64_t> places;  // targets, then their positions, then their rows
  for (std::int64_t slot = first; slot < end; ++slot) places.push_back(batch.target(slot));
  for (std::int64_t slot = first; slot < end; ++slot) places.push_back(batch.read(slot).position);
  for (std::int64_t slot = first; slot < end; ++slot) {
    places.push_back((batch.read(slot).position - batch.zero_positions()) * end + slot);
  }
  const at::Tensor place = upload(at::tensor(places).view({3, end - first}), run_.device());
  const at::Tensor chosen = covectors.index_select(0, place[0]).to(sums_);
  at::Tensor pulled = chosen;
  if (layer == batch.n_layers()) {
    pulled = norm_pull(run_.model->final_norm,
                       run_.record.final_inverse_scale.index_select(0, place[1]), chosen);
  } else if (batch.kind() == ReadKind::kNodes) {
    const auto index = static_cast<std::size_t>(layer);
    pulled =
        read_pull(run_.transcoders->info().read_site, run_.model->blocks[index].mlp_norm,
                  run_.record.blocks[index].mlp_inverse_scale.index_select(0, place[1]), chosen);
  }
  grown.view({-1, d_model}).index_copy_(0, place[2], pulled.to(sums_));
  spare_ = std::exchange(gradients_, grown);
}

at::Tensor DeviceBackward::pull_write(std::int64_t layer) const {
  const auto index = static_cast<std::size_t>(layer);
  const Block& block = run_.model->blocks[index];
  const WriteSite site = run_.transcoders->info().write_site;
  if (!has_norm_behind(site, block)) return gradients_;
  return write_pull(site, block,
                    by_position(run_.record.blocks[index].mlp_post_inverse_scale,
                                run_.zero_positions, gradients_.size(0)),
                    gradients_);
}

void DeviceBackward::pull_skip(std::int64_t layer, const at::Tensor& written) {
  if (!run_.transcoders->info().has_skip) return;
  const auto index = static_cast<std::size_t>(layer);
  at::Tensor& skip = skips_[index];
  if (!skip.defined()) skip = run_.transcoders->skip(layer).to(products_);
  const at::Tensor rows = written.view({-1, written.size(2)});
  const at::Tensor at_read = product(rows, skip).view(gradients_.sizes());
  gradients_.add_(read_pull(run_.transcoders->info().read_site, run_.model->blocks[index].mlp_norm,
                            by_position(run_.record.blocks[index].mlp_inverse_scale,
                                        run_.zero_positions, gradients_.size(0)),
                            at_read));
}

at::Tensor DeviceBackward::mixing_matrix(std::int64_t layer, std::int64_t positions) const {
  const ModelConfig& c = run_.model->config;
  const BlockRecord& record = run_.record.blocks[static_cast<std::size_t>(layer)];
  const std::int64_t zeroed = run_.zero_positions, keys = zeroed + positions;
  const at::Tensor pattern = scale_queries(record.pattern, record.attention_post_inverse_scale)
                                 .to(sums_)
                                 .narrow(1, zeroed, positions)
                                 .narrow(2, 0, keys)
                                 .reshape({c.n_kv_heads, -1, positions, keys})
                                 .permute({0, 3, 1, 2})
                                 .reshape({c.n_kv_heads, keys, -1});
  at::Tensor scale = record.attention_inverse_scale.to(sums_).narrow(0, 0, keys).clone();
  scale.narrow(0, 0, zeroed).fill_(1.0);
  return pattern * scale;  // [keys, 1]
}

// O projection of all rows, pattern of all rows, value projection with the norm folded in.
at::Tensor DeviceBackward::pull_attention(std::int64_t layer) {
  const ModelConfig& c = run_.model->config;
  const Block& weights = run_.model->blocks[static_cast<std::size_t>(layer)];
  const std::int64_t positions = gradients_.size(0), slots = gradients_.size(1);
  const std::int64_t n_rows = positions * slots, keys = positions + run_.zero_positions;
  const at::Tensor rows = gradients_.view({n_rows, c.d_model});
  outputs_ = reuse_buffer(outputs_, {n_rows, c.n_heads, c.d_head}, options());
  product_into(outputs_.view({n_rows, -1}), rows,
               fold_output_norm(weights.attention, weights.attention_post_norm).to(products_));
  // Heads outside, so that those of a group and their queries are one inner dimension.
  heads_ = reuse_buffer(heads_, {c.n_heads, n_rows, c.d_head}, options());
  heads_.copy_(outputs_.permute({1, 0, 2}));
  mixed_ = reuse_buffer(mixed_, {c.n_kv_heads, keys, slots * c.d_head}, options());
  at::bmm_out(mixed_, mixing_matrix(layer, positions),
              heads_.view({c.n_kv_heads, -1, slots * c.d_head}));
  values_ = reuse_buffer(values_, {keys, slots, c.n_kv_heads, c.d_head}, options());
  values_.copy_(mixed_.view({c.n_kv_heads, keys, slots, c.d_head}).permute({1, 2, 0, 3}));
  const at::Tensor folded =
      fold_value_norm(weights.attention, weights.attention_norm).to(products_);
  add_product(rows, values_.narrow(0, run_.zero_positions, positions).view({n_rows, d_values(c)}),
              folded);
  return values_.narrow(0, 0, run_.zero_positions).view({run_.zero_positions, slots, d_values(c)});
}

}  // namespace circuit
