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
                        const at::Tensor& query, const at::Tensor& key,
                        const at::Tensor& score_change) {
  at::Tensor scores = attention_scores(config, query, key);
  if (score_change.defined()) scores = scores + score_change;
  return soft_cap(scores, config.attention_softcap)
      .masked_fill(unseen_keys(config, attention.span, scores),
                   -std::numeric_limits<double>::infinity())
      .softmax(-1);
}

}  // namespace

QueriesAndKeys queries_and_keys(const ModelConfig& config, const Attention& attention,
                                const RotaryTable& rotary, const at::Tensor& x, Rows rows) {
  QueriesAndKeys result;
  result.query = split_heads(affine(x, attention.query, attention.query_bias, rows), config.d_head);
  result.key = split_heads(affine(x, attention.key, attention.key_bias, rows), config.d_head);
  if (attention.query_norm) {
    const NormOutput normed = norm_forward(*attention.query_norm, result.query);
    result.query = normed.output;
    result.query_inverse_scale = normed.inverse_scale;
  }
  if (attention.key_norm) {
    const NormOutput normed = norm_forward(*attention.key_norm, result.key);
    result.key = normed.output;
    result.key_inverse_scale = normed.inverse_scale;
  }
  if (config.positions == PositionKind::kRotary) {
    result.query = apply_rotary(rotary, result.query);
    result.key = apply_rotary(rotary, result.key);
  }
  return result;
}

double score_divisor(const ModelConfig& config) {
  return std::sqrt(config.query_scalar > 0 ? config.query_scalar
                                           : static_cast<double>(config.d_head));
}

at::Tensor attention_scores(const ModelConfig& config, const at::Tensor& query,
                            const at::Tensor& key) {
  return at::matmul(query, share_heads(key, config).transpose(1, 2)) / score_divisor(config);
}

ScoreProjection score_projection(const ModelConfig& config, const Attention& attention,
                                 const RotaryTable& rotary, const QueriesAndKeys& live,
                                 ScoreSide side, std::int64_t head, std::int64_t position) {
  const bool is_query = side == ScoreSide::kQuery;
  const at::Tensor& weight = is_query ? attention.query : attention.key;
  const at::Tensor& bias = is_query ? attention.query_bias : attention.key_bias;
  const std::optional<Norm>& norm = is_query ? attention.query_norm : attention.key_norm;
  const at::ScalarType type = sum_type(weight.scalar_type());
  const std::int64_t first = head * config.d_head;
  ScoreProjection result;
  result.map = weight.narrow(0, first, config.d_head).t().to(type);
  result.constant = bias.defined() ? bias.narrow(0, first, config.d_head).to(type)
                                   : at::zeros({config.d_head}, result.map.options());
  if (norm) {
    const at::Tensor scale =
        (is_query ? live.query_inverse_scale : live.key_inverse_scale)[head].narrow(0, position,
                                                                                    1);  // [1, 1]
    result.map = norm_push(*norm, scale, result.map);
    result.constant = norm_push(*norm, scale, result.constant).reshape({config.d_head});
    if (norm->bias.defined()) result.constant = result.constant + norm->bias;
  }
  if (config.positions == PositionKind::kRotary) {
    const RotaryTable here = positions_of(rotary, position, 1);
    result.map = apply_rotary(here, result.map);
    result.constant = apply_rotary(here, result.constant.unsqueeze(0)).squeeze(0);
  }
  return result;
}

AttentionOutput attention_forward(const ModelConfig& config, const Attention& attention,
                                  const RotaryTable& rotary, const at::Tensor& x,
                                  KeyValueCache* cache, const at::Tensor& pattern,
                                  const at::Tensor& score_change, Rows rows) {
  QueriesAndKeys now = queries_and_keys(config, attention, rotary, x, rows);
  at::Tensor values = affine(x, attention.value, attention.value_bias, rows);
  if (cache != nullptr) {
    now.key = remember(cache->keys, /*dim=*/1, cache->length, now.key);
    values = remember(cache->values, /*dim=*/0, cache->length, values);
    cache->length += x.size(0);
  }
  AttentionOutput result;
  result.pattern = pattern.defined()
                       ? pattern
                       : live_pattern(config, attention, now.query, now.key, score_change);
  result.output = affine(mix_values(config, result.pattern, values), attention.output, {}, rows);
  if (attention.output_bias.defined()) result.output += attention.output_bias;
  return result;
}

// All streams of the leading dimensions are columns of one product a key-value head.
at::Tensor mix_values(const ModelConfig& config, const at::Tensor& pattern,
                      const at::Tensor& values) {
  const std::int64_t m = pattern.size(1), n = pattern.size(2), d_head = config.d_head;
  const at::Tensor by_head = values.reshape({-1, n, config.n_kv_heads, d_head})
                                 .permute({2, 1, 0, 3})
                                 .reshape({config.n_kv_heads, n, -1});
  const at::Tensor mixed =
      at::bmm(pattern.reshape({config.n_kv_heads, -1, n}), by_head);  // [kv, group * m, S * d_head]
  auto shape = values.sizes().vec();
  shape[shape.size() - 2] = m;
  shape.back() = config.n_heads * d_head;
  return mixed.view({config.n_heads, m, -1, d_head}).permute({2, 1, 0, 3}).reshape(shape);
}

at::Tensor unmix_values(const ModelConfig& config, const at::Tensor& pattern,
                        const at::Tensor& gradients) {
  const std::int64_t m = pattern.size(1), n = pattern.size(2), d_head = config.d_head;
  const at::Tensor by_head = gradients.reshape({-1, m, config.n_heads, d_head})
                                 .permute({2, 1, 0, 3})
                                 .reshape({config.n_heads, m, -1});
  const at::Tensor unmixed = at::bmm(pattern.transpose(1, 2), by_head);  // [heads, n, S * d_head]
  auto shape = gradients.sizes().vec();
  shape[shape.size() - 2] = n;
  return unmixed.view({config.n_heads, n, -1, d_head}).permute({2, 1, 0, 3}).reshape(shape);
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
