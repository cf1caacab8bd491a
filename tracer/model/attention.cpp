#include "tracer/model/attention.h"

#include <cmath>
#include <limits>

#include <ATen/ATen.h>

#include "tracer/model/affine.h"
#include "tracer/model/soft_cap.h"
#include "transcoders/product.h"

namespace circuit {
namespace {

// [n, heads * d_head] -> [heads, n, d_head]
at::Tensor split_heads(const at::Tensor& x, std::int64_t d_head) {
  return x.view({x.size(0), -1, d_head}).transpose(0, 1);
}

// [n_kv_heads, n, d_head] -> [n_heads, n, d_head]
at::Tensor share_heads(const at::Tensor& x, const ModelConfig& config) {
  return x.repeat_interleave(config.n_heads / config.n_kv_heads, /*dim=*/0);
}

// [m, n], true where the key lies behind the query or outside its window. The queries are the last
// m of n positions.
at::Tensor unseen_keys(const ModelConfig& config, AttentionSpan span, const at::Tensor& scores) {
  const std::int64_t m = scores.size(1), n = scores.size(2);
  const auto options = at::TensorOptions().dtype(at::kLong).device(scores.device());
  const at::Tensor queries = at::arange(n - m, n, options).unsqueeze(1);
  const at::Tensor keys = at::arange(n, options);
  const at::Tensor future = keys > queries;
  if (span == AttentionSpan::kFull) return future;
  return future.logical_or(keys <= queries - config.sliding_window);
}

// Adds `rows`, [.., m, ..] along `dim`, to what `store` holds and returns all there is.
at::Tensor remember(at::Tensor& store, std::int64_t dim, std::int64_t length,
                    const at::Tensor& rows) {
  store.narrow(dim, length, rows.size(dim)).copy_(rows);
  return store.narrow(dim, 0, length + rows.size(dim));
}

at::Tensor live_pattern(const ModelConfig& config, const Attention& attention,
                        const at::Tensor& query, const at::Tensor& key) {
  const double scalar =
      config.query_scalar > 0 ? config.query_scalar : static_cast<double>(config.d_head);
  const at::Tensor scores =
      at::matmul(query, share_heads(key, config).transpose(1, 2)) / std::sqrt(scalar);
  return soft_cap(scores, config.attention_softcap)
      .masked_fill(unseen_keys(config, attention.span, scores),
                   -std::numeric_limits<double>::infinity())
      .softmax(-1);
}

}  // namespace

AttentionOutput attention_forward(const ModelConfig& config, const Attention& attention,
                                  const RotaryTable& rotary, const at::Tensor& x,
                                  KeyValueCache* cache, const at::Tensor& pattern) {
  at::Tensor query = split_heads(affine(x, attention.query, attention.query_bias), config.d_head);
  at::Tensor key = split_heads(affine(x, attention.key, attention.key_bias), config.d_head);
  at::Tensor values = affine(x, attention.value, attention.value_bias);
  if (attention.query_norm) query = norm_forward(*attention.query_norm, query).output;
  if (attention.key_norm) key = norm_forward(*attention.key_norm, key).output;
  if (config.positions == PositionKind::kRotary) {
    query = apply_rotary(rotary, query);
    key = apply_rotary(rotary, key);
  }
  if (cache != nullptr) {
    key = remember(cache->keys, /*dim=*/1, cache->length, key);
    values = remember(cache->values, /*dim=*/0, cache->length, values);
    cache->length += x.size(0);
  }
  AttentionOutput result;
  result.pattern = pattern.defined() ? pattern : live_pattern(config, attention, query, key);
  result.output = attention_push(config, attention, result.pattern, values);
  if (attention.output_bias.defined()) result.output += attention.output_bias;
  return result;
}

at::Tensor attention_push(const ModelConfig& config, const Attention& attention,
                          const at::Tensor& pattern, const at::Tensor& values) {
  const at::Tensor shared = share_heads(split_heads(values, config.d_head), config);
  const at::Tensor mixed = at::matmul(pattern, shared);  // [n_heads, m, d_head]
  const at::Tensor joined = mixed.transpose(0, 1).reshape({pattern.size(1), -1});
  return affine(joined, attention.output, {});
}

at::Tensor scale_queries(const at::Tensor& pattern, const at::Tensor& post_inverse_scale) {
  return post_inverse_scale.defined() ? pattern * post_inverse_scale : pattern;
}

at::Tensor fold_output_norm(const Attention& attention, const std::optional<Norm>& post_norm) {
  if (!post_norm) return attention.output;
  const at::Tensor output = attention.output.to(sum_type(attention.output.scalar_type()));
  return (norm_centre(*post_norm, output.t()).t() * post_norm->gain.unsqueeze(1)).contiguous();
}

at::Tensor fold_value_norm(const Attention& attention, const Norm& norm) {
  const at::Tensor value = attention.value.to(sum_type(attention.value.scalar_type()));
  return norm_centre(norm, value * norm.gain).contiguous();
}

}  // namespace circuit
