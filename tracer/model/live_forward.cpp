#include "tracer/model/live_forward.h"

#include <stdexcept>

#include <ATen/ATen.h>

#include "transcoders/product.h"

namespace circuit {

LiveForward::LiveForward(const Model& model, std::int64_t capacity)
    : model_(model), capacity_(capacity) {
  const ModelConfig& c = model.config;
  if (capacity < 1 || capacity > c.max_positions) {
    throw std::invalid_argument("[forward] " + std::to_string(capacity) +
                                " positions are asked for, the model takes 1 to " +
                                std::to_string(c.max_positions));
  }
  rotary_ = rotary_tables(c, capacity, sum_type(model.dtype), model.device());
  const at::TensorOptions options =
      at::TensorOptions().dtype(sum_type(model.dtype)).device(model.device());
  for (std::int64_t layer = 0; layer < c.n_layers; ++layer) {
    caches_.push_back({.keys = at::empty({c.n_kv_heads, capacity, c.d_head}, options),
                       .values = at::empty({capacity, c.n_kv_heads * c.d_head}, options),
                       .length = 0});
  }
}

at::Tensor LiveForward::append(std::span<const std::int32_t> ids, const Options& options) {
  const auto m = static_cast<std::int64_t>(ids.size());
  if (m > capacity_ - n_positions_) {
    throw std::invalid_argument("[forward] " + std::to_string(n_positions_ + m) +
                                " tokens, there is room for " + std::to_string(capacity_));
  }
  at::Tensor residual = embed(model_, ids, n_positions_).residual;
  for (std::size_t layer = 0; layer < model_.blocks.size(); ++layer) {
    const Block& block = model_.blocks[layer];
    block_forward(model_.config, block,
                  {.layer = static_cast<std::int64_t>(layer),
                   .first_position = n_positions_,
                   .rotary = positions_of(rotary_.of(block.attention.span), n_positions_, m),
                   .cache = &caches_[layer],
                   .pattern = options.patterns.empty() ? at::Tensor() : options.patterns[layer],
                   .scales = options.scales == nullptr ? nullptr : &options.scales->blocks[layer],
                   .visitor = options.visitor},
                  residual);
  }
  n_positions_ += m;
  const at::Tensor scale =
      options.scales == nullptr ? at::Tensor() : options.scales->final_inverse_scale;
  return read_logits(model_, residual, options.logits, scale).capped;
}

}  // namespace circuit
