#include "tracer/model/live_forward.h"

#include <algorithm>
#include <stdexcept>

#include <ATen/ATen.h>

#include "transcoders/product.h"

namespace circuit {
namespace {

// What the visitors of several streams see of rows that are computed together.
class StreamVisitors final : public SiteVisitor {
 public:
  StreamVisitors(std::span<SiteVisitor* const> visitors, std::span<const std::int64_t> positions)
      : visitors_(visitors), positions_(positions) {}

  void visit(const SitePlace& place, std::int64_t /*first_position*/, at::Tensor& x) override {
    at::Tensor changed;
    for (std::size_t i = 0; i < visitors_.size(); ++i) {
      if (visitors_[i] == nullptr) continue;
      const at::Tensor row = x.narrow(0, static_cast<std::int64_t>(i), 1);
      at::Tensor seen = row;
      visitors_[i]->visit(place, positions_[i], seen);
      if (seen.is_same(row)) continue;
      if (!changed.defined()) changed = x.clone();
      changed.narrow(0, static_cast<std::int64_t>(i), 1).copy_(seen);
    }
    if (changed.defined()) x = changed;
  }

 private:
  std::span<SiteVisitor* const> visitors_;
  std::span<const std::int64_t> positions_;
};

RotaryTable rows_of(const RotaryTable& table, const at::Tensor& positions) {
  if (!table.cosines.defined()) return table;
  return {table.cosines.index_select(0, positions), table.sines.index_select(0, positions)};
}

}  // namespace

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

void LiveForward::check_room(std::int64_t tokens) const {
  if (tokens <= capacity_ - n_positions_) return;
  throw std::invalid_argument("[forward] " + std::to_string(n_positions_ + tokens) +
                              " tokens, there is room for " + std::to_string(capacity_));
}

LiveForward LiveForward::fork() const {
  LiveForward other(*this);
  for (KeyValueCache& cache : other.caches_) {
    const KeyValueCache from = cache;
    cache.keys = at::empty_like(from.keys);
    cache.values = at::empty_like(from.values);
    cache.keys.narrow(1, 0, n_positions_).copy_(from.keys.narrow(1, 0, n_positions_));
    cache.values.narrow(0, 0, n_positions_).copy_(from.values.narrow(0, 0, n_positions_));
  }
  return other;
}

at::Tensor LiveForward::append(std::span<const std::int32_t> ids, const Options& options) {
  const auto m = static_cast<std::int64_t>(ids.size());
  check_room(m);
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
                   .visitor = options.visitor,
                   .rows = options.rows},
                  residual);
  }
  n_positions_ += m;
  const at::Tensor scale =
      options.scales == nullptr ? at::Tensor() : options.scales->final_inverse_scale;
  return read_logits(model_, residual, options.logits, scale, options.rows).capped;
}

at::Tensor LiveForward::append_each(std::span<LiveForward* const> streams,
                                    std::span<const std::int32_t> ids,
                                    std::span<SiteVisitor* const> visitors) {
  const Model& model = streams.front()->model_;
  std::vector<std::int64_t> positions;
  for (const LiveForward* stream : streams) {
    stream->check_room(1);
    positions.push_back(stream->n_positions_);
  }
  at::Tensor residual = embed(model, ids, positions).residual;
  const at::Tensor rows = at::tensor(positions).to(model.device());
  const LiveForward& roomiest = **std::ranges::max_element(streams, {}, &LiveForward::capacity);
  const RotaryTables rotary = {.full = rows_of(roomiest.rotary_.full, rows),
                               .sliding = rows_of(roomiest.rotary_.sliding, rows)};
  StreamVisitors seen(visitors, positions);
  const bool is_watched = std::ranges::any_of(visitors, [](const auto* v) { return v != nullptr; });
  std::vector<KeyValueCache*> caches(streams.size());
  for (std::size_t layer = 0; layer < model.blocks.size(); ++layer) {
    const Block& block = model.blocks[layer];
    std::ranges::transform(streams, caches.begin(),
                           [&](LiveForward* stream) { return &stream->caches_[layer]; });
    block_forward(model.config, block,
                  {.layer = static_cast<std::int64_t>(layer),
                   .rotary = rotary.of(block.attention.span),
                   .streams = caches,
                   .visitor = is_watched ? &seen : nullptr,
                   .rows = Rows::kApart},
                  residual);
  }
  for (LiveForward* stream : streams) ++stream->n_positions_;
  return read_logits(model, residual, LogitPositions::kAll, {}, Rows::kApart).capped;
}

}  // namespace circuit
