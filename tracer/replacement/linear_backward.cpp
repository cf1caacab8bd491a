#include "tracer/replacement/linear_backward.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "tracer/machine/threads.h"
#include "tracer/replacement/buffer.h"
#include "tracer/replacement/pattern_mix.h"
#include "tracer/replacement/read_site.h"
#include "tracer/replacement/write_site.h"
#include "transcoders/product.h"

namespace circuit {
namespace {

// Rows of one task: large enough for products to run at full rate, small enough to stay in the
// cache and to share among threads. The split depends on nothing but the batch, so that results do
// not depend on the number of threads.
constexpr std::int64_t kMostRowsPerTask = 512;
constexpr std::int64_t kLeastRowsPerTask = 128;
constexpr std::int64_t kTasksPerSweep = 12;

std::int64_t d_outputs(const ModelConfig& c) { return c.n_heads * c.d_head; }
std::int64_t d_values(const ModelConfig& c) { return c.n_kv_heads * c.d_head; }

}  // namespace

LinearBackward::LinearBackward(const ReplacementRun& run, at::ScalarType products)
    : run_(run), products_(products), sums_(sum_type(products)) {}

LinearBackward::LinearBackward(const ReplacementRun& run) : LinearBackward(run, run.model->dtype) {}

std::int64_t LinearBackward::bytes_per_target(const ReplacementRun& run, std::int64_t position) {
  const ModelConfig& c = run.model->config;
  const std::int64_t rows = position + 1 - run.zero_positions;
  const std::int64_t copies = run.writes_through_norms() ? 2 : 1;
  return (copies * rows * c.d_model + run.zero_positions * d_values(c)) *
         static_cast<std::int64_t>(at::elementSize(sum_type(run.model->dtype)));
}

std::int64_t LinearBackward::scratch_bytes(const ReplacementRun& run, std::int64_t position) {
  const ModelConfig& c = run.model->config;
  // Of bf16 each product has inputs and results in that type beside the sums.
  const std::int64_t copies = run.model->dtype == sum_type(run.model->dtype) ? 1 : 2;
  return static_cast<std::int64_t>(worker_count()) * (kMostRowsPerTask + position) *
         (d_outputs(c) + d_values(c) + (copies - 1) * c.d_model) * copies *
         static_cast<std::int64_t>(at::elementSize(sum_type(run.model->dtype)));
}

void LinearBackward::reserve(const BackwardBatch& batch) {
  const ModelConfig& c = run_.model->config;
  gradients_ = reuse_buffer(gradients_, {batch.total_rows(), c.d_model}, sums_);
  zeroed_values_ =
      reuse_buffer(zeroed_values_, {batch.size(), batch.zero_positions(), d_values(c)}, sums_);
  scratch_.resize(worker_count());
}

std::vector<LinearBackward::SlotBlock> LinearBackward::slot_blocks(const BackwardBatch& batch,
                                                                   std::int64_t slots) const {
  const std::int64_t wanted =
      std::clamp(batch.row_begin(slots) / kTasksPerSweep, kLeastRowsPerTask, kMostRowsPerTask);
  std::vector<SlotBlock> blocks;
  for (std::int64_t first = 0; first < slots;) {
    std::int64_t end = first + 1;
    while (end < slots && batch.row_begin(end + 1) - batch.row_begin(first) <= wanted) ++end;
    blocks.push_back({first, end});
    first = end;
  }
  return blocks;
}

// The position of every row of `block`, i64.
at::Tensor LinearBackward::positions_of(const BackwardBatch& batch, const SlotBlock& block) const {
  std::vector<std::int64_t> positions;
  for (std::int64_t slot = block.first; slot < block.end; ++slot) {
    for (std::int64_t q = batch.zero_positions(); q <= batch.read(slot).position; ++q) {
      positions.push_back(q);
    }
  }
  return at::tensor(positions);
}

at::Tensor LinearBackward::rows_of(const BackwardBatch& batch, const SlotBlock& block) const {
  const std::int64_t begin = batch.row_begin(block.first);
  return gradients_.narrow(0, begin, batch.row_begin(block.end) - begin);
}

void LinearBackward::sweep(const BackwardBatch& batch, const at::Tensor& covectors,
                           GradientSink& sink) {
  reserve(batch);
  join(batch, batch.n_layers(), covectors);
  for (std::int64_t layer = batch.n_layers() - 1; layer >= 0; --layer) {
    const std::int64_t above = batch.active_rows(layer + 1);
    if (above > 0) {
      const at::Tensor written = pull_write(batch, layer);
      sink.write_site(layer, written);
      pull_skip(batch, layer, written);
    }
    if (batch.kind() == ReadKind::kNodes) join(batch, layer, covectors);
    if (const std::int64_t slots = batch.attended_slots(layer); slots > 0) {
      pull_attention(batch, layer);
      sink.zeroed_values(layer, zeroed_values_.narrow(0, 0, slots));
    }
    if (batch.kind() == ReadKind::kResidual) join(batch, layer, covectors);
  }
  sink.embedding(gradients_);
}

// Writes the covectors that are read at `layer`, pulled to the residual stream, into their rows.
void LinearBackward::join(const BackwardBatch& batch, std::int64_t layer,
                          const at::Tensor& covectors) {
  const std::int64_t first = layer == batch.n_layers() ? 0 : batch.active_slots(layer + 1);
  const std::int64_t end = batch.active_slots(layer);
  if (first == end) return;
  rows_of(batch, {first, end}).zero_();
  std::vector<std::int64_t> targets, positions, rows;
  for (std::int64_t slot = first; slot < end; ++slot) {
    const std::int64_t position = batch.read(slot).position;
    targets.push_back(batch.target(slot));
    positions.push_back(position);
    rows.push_back(batch.row(slot, position));
  }
  const at::Tensor chosen = covectors.index_select(0, at::tensor(targets)).to(sums_);
  const at::Tensor where = at::tensor(positions);
  at::Tensor pulled = chosen;
  if (layer == batch.n_layers()) {
    pulled = norm_pull(run_.model->final_norm,
                       run_.record.final_inverse_scale.index_select(0, where), chosen);
  } else if (batch.kind() == ReadKind::kNodes) {
    const auto index = static_cast<std::size_t>(layer);
    pulled = read_pull(run_.transcoders->info().read_site, run_.model->blocks[index].mlp_norm,
                       run_.record.blocks[index].mlp_inverse_scale.index_select(0, where), chosen);
  }
  gradients_.index_copy_(0, at::tensor(rows), pulled.to(sums_));
}

// Gradients at the write site of `layer`: those of the residual stream themselves, or pulled
// through the norm between the two.
at::Tensor LinearBackward::pull_write(const BackwardBatch& batch, std::int64_t layer) {
  const at::Tensor gradients = gradients_.narrow(0, 0, batch.active_rows(layer + 1));
  const auto index = static_cast<std::size_t>(layer);
  const WriteSite site = run_.transcoders->info().write_site;
  const Block& block = run_.model->blocks[index];
  if (!has_norm_behind(site, block)) return gradients;
  written_ = reuse_buffer(written_, {gradients.size(0), gradients.size(1)}, sums_);
  const std::vector<SlotBlock> blocks = slot_blocks(batch, batch.active_slots(layer + 1));
  parallel_tasks(blocks.size(), [&](std::size_t i) {
    const at::Tensor scale = run_.record.blocks[index].mlp_post_inverse_scale.index_select(
        0, positions_of(batch, blocks[i]));
    const at::Tensor rows = rows_of(batch, blocks[i]);
    written_.narrow(0, batch.row_begin(blocks[i].first), rows.size(0))
        .copy_(write_pull(site, block, scale, rows));
  });
  return written_;
}

void LinearBackward::pull_skip(const BackwardBatch& batch, std::int64_t layer,
                               const at::Tensor& written) {
  const at::Tensor weight = run_.transcoders->skip(layer);
  if (!weight.defined()) return;
  const at::Tensor skip = weight.to(products_);
  const auto index = static_cast<std::size_t>(layer);
  const std::vector<SlotBlock> blocks = slot_blocks(batch, batch.active_slots(layer + 1));
  parallel_tasks(blocks.size(), [&](std::size_t i) {
    at::Tensor rows = rows_of(batch, blocks[i]);
    const at::Tensor scale =
        run_.record.blocks[index].mlp_inverse_scale.index_select(0, positions_of(batch, blocks[i]));
    const at::Tensor at_site = written.narrow(0, batch.row_begin(blocks[i].first), rows.size(0));
    rows += read_pull(run_.transcoders->info().read_site, run_.model->blocks[index].mlp_norm, scale,
                      product(at_site, skip));
  });
}

// O projection, pattern, value projection with the norm folded in, for one block of slots after the
// other: what lies between the two products never leaves the cache.
void LinearBackward::pull_attention(const BackwardBatch& batch, std::int64_t layer) {
  const ModelConfig& c = run_.model->config;
  const auto index = static_cast<std::size_t>(layer);
  const Block& weights = run_.model->blocks[index];
  const BlockRecord& record = run_.record.blocks[index];
  const MixShape shape = {.n_positions = run_.n_positions(),
                          .zero_positions = batch.zero_positions(),
                          .n_heads = c.n_heads,
                          .n_kv_heads = c.n_kv_heads,
                          .d_head = c.d_head};
  const at::Tensor output =
      fold_output_norm(weights.attention, weights.attention_post_norm).to(products_);
  const at::Tensor folded =
      fold_value_norm(weights.attention, weights.attention_norm).to(products_);
  const at::Tensor pattern =
      scale_queries(record.pattern, record.attention_post_inverse_scale).to(sums_).contiguous();
  const at::Tensor scale = record.attention_inverse_scale.to(sums_).reshape({-1}).contiguous();
  const std::vector<SlotBlock> blocks = slot_blocks(batch, batch.attended_slots(layer));
  parallel_tasks(blocks.size(), [&](std::size_t i) {
    Scratch& scratch = scratch_[current_worker()];
    const at::Tensor gradients = rows_of(batch, blocks[i]);
    scratch.outputs = reuse_buffer(scratch.outputs, {gradients.size(0), d_outputs(c)}, sums_);
    scratch.mixed = reuse_buffer(scratch.mixed, {gradients.size(0), d_values(c)}, sums_);
    product_into(scratch.outputs, gradients, output);
    for (std::int64_t slot = blocks[i].first; slot < blocks[i].end; ++slot) {
      const std::int64_t begin = batch.row_begin(slot) - batch.row_begin(blocks[i].first);
      const std::int64_t rows = batch.row_begin(slot + 1) - batch.row_begin(slot);
      mix_pattern(shape, batch.read(slot).position, pattern, scale,
                  scratch.outputs.narrow(0, begin, rows), scratch.mixed.narrow(0, begin, rows),
                  zeroed_values_.select(0, slot));
    }
    add_product(gradients, scratch.mixed, folded);
  });
}

}  // namespace circuit
