#include "tracer/replacement/frozen_layer.h"

#include <ATen/ATen.h>

#include "tracer/model/affine.h"
#include "tracer/replacement/read_site.h"
#include "tracer/replacement/write_site.h"
#include "transcoders/product.h"

namespace circuit {
namespace {

at::Tensor as_rows(const at::Tensor& x) { return x.reshape({-1, x.size(-1)}); }

at::Tensor like(const at::Tensor& rows, const at::Tensor& x) {
  auto shape = x.sizes().vec();
  shape.back() = rows.size(1);
  return rows.view(shape);
}

// Weights as they are for streams of their sum type, else in the type of the stream.
at::Tensor fitting(const at::Tensor& weight, const at::Tensor& x) {
  if (!weight.defined() || sum_type(weight.scalar_type()) == x.scalar_type()) return weight;
  return weight.to(x.scalar_type());
}

// x Wᵀ (+ b) over the last dimension.
at::Tensor forwards(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return like(affine(as_rows(x), fitting(weight, x), fitting(bias, x)), x);
}

// x W over the last dimension.
at::Tensor backwards(const at::Tensor& x, const at::Tensor& weight) {
  return like(product(as_rows(x), fitting(weight, x)), x);
}

}  // namespace

FrozenLayer::FrozenLayer(const ReplacementRun& run, std::int64_t layer, std::int64_t m,
                         std::int64_t first)
    : FrozenLayer(
          run, layer,
          at::arange(first, first + m, at::TensorOptions().dtype(at::kLong).device(run.device()))) {
  pattern_ = run.record.blocks[static_cast<std::size_t>(layer)]
                 .pattern.narrow(1, first, m)
                 .narrow(2, first, m);
}

FrozenLayer::FrozenLayer(const ReplacementRun& run, std::int64_t layer, const at::Tensor& positions)
    : run_(run),
      block_(run.model->blocks[static_cast<std::size_t>(layer)]),
      skip_(run.transcoders->skip(layer)) {
  const BlockRecord& record = run.record.blocks[static_cast<std::size_t>(layer)];
  const auto at_positions = [&](const at::Tensor& scale) {
    return scale.defined() ? scale.index_select(0, positions) : scale;
  };
  attention_scale_ = at_positions(record.attention_inverse_scale);
  post_scale_ = at_positions(record.attention_post_inverse_scale);
  mlp_scale_ = at_positions(record.mlp_inverse_scale);
  mlp_post_scale_ = at_positions(record.mlp_post_inverse_scale);
}

at::Tensor FrozenLayer::values(const at::Tensor& stream, bool with_constants) const {
  at::Tensor input = norm_push(block_.attention_norm, attention_scale_, stream);
  if (with_constants && block_.attention_norm.bias.defined()) {
    input = input + block_.attention_norm.bias;
  }
  return forwards(input, block_.attention.value,
                  with_constants ? block_.attention.value_bias : at::Tensor());
}

at::Tensor FrozenLayer::mixed(const at::Tensor& values) const {
  return mix_values(run_.model->config, pattern_.to(values.scalar_type()), values);
}

at::Tensor FrozenLayer::added(const at::Tensor& mixed, bool with_constants) const {
  const at::Tensor output = forwards(mixed, block_.attention.output,
                                     with_constants ? block_.attention.output_bias : at::Tensor());
  if (!block_.attention_post_norm) return output;
  const at::Tensor normed = norm_push(*block_.attention_post_norm, post_scale_, output);
  const at::Tensor& bias = block_.attention_post_norm->bias;
  return with_constants && bias.defined() ? normed + bias : normed;
}

at::Tensor FrozenLayer::pull_added(const at::Tensor& gradients) const {
  return backwards(block_.attention_post_norm
                       ? norm_pull(*block_.attention_post_norm, post_scale_, gradients)
                       : gradients,
                   block_.attention.output);
}

at::Tensor FrozenLayer::pull_mixed(const at::Tensor& gradients) const {
  return unmix_values(run_.model->config, pattern_.to(gradients.scalar_type()), gradients);
}

at::Tensor FrozenLayer::pull_values(const at::Tensor& gradients) const {
  const ModelConfig& c = run_.model->config;
  auto shape = gradients.sizes().vec();
  shape.back() = c.n_kv_heads * c.d_head;
  const at::Tensor shared =
      gradients.reshape({-1, c.n_kv_heads, c.n_heads / c.n_kv_heads, c.d_head}).sum(2).view(shape);
  return norm_pull(block_.attention_norm, attention_scale_,
                   backwards(shared, block_.attention.value));
}

at::Tensor FrozenLayer::skipped(const at::Tensor& stream) const {
  if (!skip_.defined()) return {};
  return skip_of_read(
      read_push(run_.transcoders->info().read_site, block_.mlp_norm, mlp_scale_, stream));
}

at::Tensor FrozenLayer::skip_of_read(const at::Tensor& read) const {
  return skip_.defined() ? written(forwards(read, skip_, {})) : at::Tensor();
}

at::Tensor FrozenLayer::pull_skipped(const at::Tensor& gradients) const {
  if (!skip_.defined()) return {};
  const at::Tensor at_site =
      write_pull(run_.transcoders->info().write_site, block_, mlp_post_scale_, gradients);
  return read_pull(run_.transcoders->info().read_site, block_.mlp_norm, mlp_scale_,
                   backwards(at_site, skip_));
}

at::Tensor FrozenLayer::written(const at::Tensor& vectors) const {
  return write_push(run_.transcoders->info().write_site, block_, mlp_post_scale_, vectors);
}

}  // namespace circuit
