// Causal attention: the forward, and with the pattern frozen the linear value path.
// The transpose of the value path works on many targets at once and lives in
// tracer/replacement/linear_backward.cpp, which is built on the two `fold_…` below.
#pragma once

#include <cstdint>
#include <optional>

#include <ATen/core/Tensor.h>

#include "tracer/model/affine.h"
#include "tracer/model/config.h"
#include "tracer/model/norm.h"
#include "tracer/model/rope.h"

namespace circuit {

/// Projections [out, in]; biases [out], undefined when the family has none.
struct Attention {
  at::Tensor query, key, value, output;
  at::Tensor query_bias, key_bias, value_bias, output_bias;
  std::optional<Norm> query_norm, key_norm;  ///< over d_head, of each head
  AttentionSpan span = AttentionSpan::kFull;
};

/// Keys, rotated, and values of the positions read so far, in room for more.
struct KeyValueCache {
  at::Tensor keys;    ///< [n_kv_heads, capacity, d_head]
  at::Tensor values;  ///< [capacity, n_kv_heads * d_head]
  std::int64_t length = 0;
};

struct AttentionOutput {
  at::Tensor pattern;  ///< [n_heads, n, n], row = query position; with a cache [n_heads, m, n]
  at::Tensor output;   ///< [n, d_model]
};

/// x [m, d_model] after the norm, all positions there are or those behind the cache's, which then
/// are added to it. `rotary`, the table of these positions and the layer's span, is ignored for
/// learned positions. A defined `pattern` is used in place of the live one; a defined
/// `score_change` [n_heads, m, n] is added to the scores ahead of the soft cap.
AttentionOutput attention_forward(const ModelConfig& config, const Attention& attention,
                                  const RotaryTable& rotary, const at::Tensor& x,
                                  KeyValueCache* cache = nullptr, const at::Tensor& pattern = {},
                                  const at::Tensor& score_change = {}, Rows rows = Rows::kTogether);

/// Queries and keys of all positions behind their norms, rotated, and the scales of those norms
/// (undefined where there is none).
struct QueriesAndKeys {
  at::Tensor query;                ///< [n_heads, m, d_head]
  at::Tensor key;                  ///< [n_kv_heads, m, d_head]
  at::Tensor query_inverse_scale;  ///< [n_heads, m, 1]
  at::Tensor key_inverse_scale;    ///< [n_kv_heads, m, 1]
};
QueriesAndKeys queries_and_keys(const ModelConfig& config, const Attention& attention,
                                const RotaryTable& rotary, const at::Tensor& x,
                                Rows rows = Rows::kTogether);

/// What divides the products of queries and keys.
double score_divisor(const ModelConfig& config);

/// [n_heads, m, n]: products of queries and keys, divided; ahead of soft cap, mask and softmax.
at::Tensor attention_scores(const ModelConfig& config, const at::Tensor& query,
                            const at::Tensor& key);

enum class ScoreSide : std::uint8_t { kQuery, kKey };

/// How a head's query or key at one position depends on x there, the scales of its norms frozen:
/// x · map + constant.
struct ScoreProjection {
  at::Tensor map;       ///< [d_model, d_head]
  at::Tensor constant;  ///< [d_head]
};
/// `head` counts query heads, for kKey key-value heads; `live` are those of the prompt, `rotary`
/// the table of all its positions.
ScoreProjection score_projection(const ModelConfig& config, const Attention& attention,
                                 const RotaryTable& rotary, const QueriesAndKeys& live,
                                 ScoreSide side, std::int64_t head, std::int64_t position);

/// Values mixed by a frozen pattern [n_heads, m, n], each head's side by side:
/// values [.., n, n_kv_heads * d_head] -> [.., m, n_heads * d_head]. Linear in `values`.
at::Tensor mix_values(const ModelConfig& config, const at::Tensor& pattern,
                      const at::Tensor& values);

/// The transpose of mix_values, before heads that share values are added up: gradients
/// [.., m, n_heads * d_head] -> [.., n, n_heads * d_head].
at::Tensor unmix_values(const ModelConfig& config, const at::Tensor& pattern,
                        const at::Tensor& gradients);

/// `pattern` [n_heads, n, n] with the frozen scale [n, 1] of the norm behind attention as a factor
/// of each query, if there is one.
at::Tensor scale_queries(const at::Tensor& pattern, const at::Tensor& post_inverse_scale);

/// The output projection [d_model, n_heads * d_head] with centring and gain of the norm behind it,
/// if there is one: it takes a gradient at the residual stream to a gradient ahead of the
/// projection, up to that norm's frozen scale. In the sum type of the weights; the projection
/// itself where there is no norm.
at::Tensor fold_output_norm(const Attention& attention, const std::optional<Norm>& post_norm);

/// The matrix [n_kv_heads * d_head, d_model] that takes a gradient at the values to a gradient at
/// the block's input, up to the position's frozen scale: value projection, gain and centring in
/// one; in the sum type of the weights.
at::Tensor fold_value_norm(const Attention& attention, const Norm& norm);

}  // namespace circuit
