// One layer of a model: its weights, its live forward and the record of everything that the
// replacement freezes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <ATen/core/Tensor.h>

#include "tracer/model/attention.h"
#include "tracer/model/config.h"
#include "tracer/model/mlp.h"
#include "tracer/model/norm.h"
#include "tracer/model/rope.h"
#include "tracer/model/site.h"

namespace circuit {

struct Block {
  Norm attention_norm;
  Attention attention;
  std::optional<Norm> attention_post_norm;  ///< of what attention adds to the residual stream
  Norm mlp_norm;
  Mlp mlp;
  std::optional<Norm> mlp_post_norm;  ///< of what the MLP adds to it
};

/// What one block did.
struct BlockRecord {
  at::Tensor attention_inverse_scale;       ///< [n, 1] of the norm ahead of attention
  at::Tensor pattern;                       ///< [n_heads, n, n]
  at::Tensor attention_post_inverse_scale;  ///< [n, 1] of the norm behind it, or undefined
  at::Tensor residual_mid;                  ///< [n, d_model]
  at::Tensor mlp_inverse_scale;             ///< [n, 1] of the norm ahead of the MLP
  at::Tensor mlp_raw;                       ///< [n, d_model] what the MLP gives
  at::Tensor mlp_post_inverse_scale;        ///< [n, 1] of the norm behind it, or undefined
  at::Tensor mlp_out;  ///< [n, d_model] what is added; mlp_raw itself without a norm behind it
};

/// How a block is run. By default: alone, on the positions from 0.
struct BlockRun {
  std::int64_t layer = 0;
  std::int64_t first_position = 0;  ///< of the rows given
  RotaryTable rotary = {};          ///< of these positions and the block's span
  KeyValueCache* cache = nullptr;   ///< keys and values of earlier positions; grows
  /// Of each row, if not empty: the rows are further tokens of as many streams, and `rotary` is of
  /// their positions. The record then has no pattern.
  std::span<KeyValueCache* const> streams = {};
  at::Tensor pattern = {};              ///< taken in place of the live one, if defined
  const BlockRecord* scales = nullptr;  ///< whose norm scales are taken in place of the live ones
  at::Tensor score_change = {};         ///< [n_heads, m, n] added to attention scores, if defined
  SiteVisitor* visitor = nullptr;       ///< sees and may change what passes
  Rows rows = Rows::kTogether;          ///< of streams always kApart
};

/// residual [m, d_model] ahead of the block -> the same behind it.
BlockRecord block_forward(const ModelConfig& config, const Block& block, const BlockRun& run,
                          at::Tensor& residual);

}  // namespace circuit
