#include "tracer/replacement/linear_backward.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "tracer/model/threads.h"
#include "tracer/replacement/pattern_mix.h"
#include "tracer/replacement/read_site.h"

namespace circuit {
namespace {

// Rows of one product: large enough to run at full rate, small enough to share among threads. The
// split depends on nothing else, so that results do not depend on the number of threads.
constexpr std::int64_t kRowsPerTask = 512;
constexpr std::int64_t kSlotsPerTask = 64;

at::Tensor grown(const at::Tensor& buffer, std::vector<std::int64_t> shape, at::ScalarType type) {
  std::int64_t needed = 1;
  for (const std::int64_t size : shape) needed *= size;
  if (buffer.defined() &&
      buffer.storage().nbytes() >= static_cast<std::size_t>(needed) * buffer.element_size()) {
    return buffer.as_strided({needed}, {1}, 0).view(shape);
  }
  return at::empty(shape, type);
}

}  // namespace

std::int64_t LinearBackward::bytes_per_target(const ReplacementRun& run, std::int64_t position) {
  const ModelConfig& c = run.model->config;
  const std::int64_t values = c.n_kv_heads * c.d_head;
  const std::int64_t rows = position + 1 - run.zero_positions;
  const std::int64_t elements =
      rows * (c.d_model + c.n_heads * c.d_head + values) + run.zero_positions * values;
  return elements * static_cast<std::int64_t>(at::elementSize(run.model->dtype));
}

void LinearBackward::reserve(const BackwardBatch& batch) {
  const ModelConfig& c = run_.model->config;
  const at::ScalarType type = run_.model->dtype;
  const std::int64_t rows = batch.total_rows();
  gradients_ = grown(gradients_, {rows, c.d_model}, type);
  outputs_ = grown(outputs_, {rows, c.n_heads * c.d_head}, type);
  mixed_ = grown(mixed_, {rows, c.n_kv_heads * c.d_head}, type);
  zeroed_values_ =
      grown(zeroed_values_, {batch.zero_positions(), batch.size(), c.n_kv_heads * c.d_head}, type);
}

// The rows in use once targets at `layer` have joined, in tasks of equal size.
std::vector<LinearBackward::RowBlock> LinearBackward::row_blocks(const BackwardBatch& batch,
                                                                 std::int64_t layer) const {
  std::vector<RowBlock> blocks;
  for (std::int64_t q = batch.zero_positions(); q < batch.n_positions(); ++q) {
    const std::int64_t rows = batch.active_rows(layer, q);
    for (std::int64_t first = 0; first < rows; first += kRowsPerTask) {
      blocks.push_back({q, first, std::min(kRowsPerTask, rows - first)});
    }
  }
  return blocks;
}

at::Tensor LinearBackward::rows_of(const at::Tensor& buffer, const BackwardBatch& batch,
                                   const RowBlock& block) const {
  return buffer.narrow(0, batch.block_begin(block.position) + block.first_row, block.rows);
}

void LinearBackward::sweep(const BackwardBatch& batch, const at::Tensor& covectors,
                           GradientSink& sink) {
  reserve(batch);
  const std::int64_t n_layers = batch.n_layers();
  join(batch, n_layers, covectors);
  for (std::int64_t layer = n_layers - 1; layer >= 0; --layer) {
    const std::vector<RowBlock> blocks = row_blocks(batch, layer + 1);
    parallel_tasks(blocks.size(), [&](std::size_t i) {
      sink.write_site(layer, blocks[i].position, blocks[i].first_row,
                      rows_of(gradients_, batch, blocks[i]));
      pull_skip(batch, layer, blocks[i]);
    });
    join(batch, layer, covectors);
    pull_attention(batch, layer, sink);
  }
  const std::vector<RowBlock> blocks = row_blocks(batch, 0);
  parallel_tasks(blocks.size(), [&](std::size_t i) {
    sink.embedding(blocks[i].position, blocks[i].first_row, rows_of(gradients_, batch, blocks[i]));
  });
}

// Writes the covectors that are read at `layer`, pulled to the residual stream, into their rows.
void LinearBackward::join(const BackwardBatch& batch, std::int64_t layer,
                          const at::Tensor& covectors) {
  const std::int64_t first = layer == batch.n_layers() ? 0 : batch.active_slots(layer + 1);
  const std::int64_t end = batch.active_slots(layer);
  if (first == end) return;
  std::vector<std::int64_t> targets, positions, rows;
  for (std::int64_t slot = first; slot < end; ++slot) {
    const std::int64_t position = batch.read(slot).position;
    targets.push_back(batch.target(slot));
    positions.push_back(position);
    rows.push_back(batch.block_begin(position) + batch.row(slot, position));
    for (std::int64_t q = batch.zero_positions(); q < position; ++q) {
      gradients_.select(0, batch.block_begin(q) + batch.row(slot, q)).zero_();
    }
  }
  const at::Tensor chosen = covectors.index_select(0, at::tensor(targets));
  const at::Tensor where = at::tensor(positions);
  at::Tensor pulled;
  if (layer == batch.n_layers()) {
    pulled = norm_pull(run_.model->final_norm,
                       run_.record.final_inverse_scale.index_select(0, where), chosen);
  } else {
    const auto index = static_cast<std::size_t>(layer);
    pulled = read_pull(run_.transcoders->info().read_site, run_.model->blocks[index].mlp_norm,
                       run_.record.blocks[index].mlp_inverse_scale.index_select(0, where), chosen);
  }
  gradients_.index_copy_(0, at::tensor(rows), pulled);
}

void LinearBackward::pull_skip(const BackwardBatch& batch, std::int64_t layer,
                               const RowBlock& block) {
  const at::Tensor skip = run_.transcoders->skip(layer);
  if (!skip.defined()) return;
  const auto index = static_cast<std::size_t>(layer);
  at::Tensor rows = rows_of(gradients_, batch, block);
  const at::Tensor scale = run_.record.blocks[index].mlp_inverse_scale.narrow(0, block.position, 1);
  rows += read_pull(run_.transcoders->info().read_site, run_.model->blocks[index].mlp_norm, scale,
                    at::mm(rows, skip));
}

// O projection, pattern, value projection with the norm folded in: three passes, each parallel over
// tasks that write to rows of their own.
void LinearBackward::pull_attention(const BackwardBatch& batch, std::int64_t layer,
                                    GradientSink& sink) {
  const auto index = static_cast<std::size_t>(layer);
  const Block& weights = run_.model->blocks[index];
  const std::vector<RowBlock> blocks = row_blocks(batch, layer);
  parallel_tasks(blocks.size(), [&](std::size_t i) {
    at::Tensor out = rows_of(outputs_, batch, blocks[i]);
    at::mm_out(out, rows_of(gradients_, batch, blocks[i]), weights.attention.output);
  });
  mix(batch, layer);

  const at::Tensor folded = fold_value_norm(weights.attention, weights.attention_norm);
  const at::Tensor scales = run_.record.blocks[index].attention_inverse_scale.to(at::kDouble);
  const double* scale = scales.data_ptr<double>();
  parallel_tasks(blocks.size(), [&](std::size_t i) {
    rows_of(gradients_, batch, blocks[i])
        .addmm_(rows_of(mixed_, batch, blocks[i]), folded, /*beta=*/1,
                /*alpha=*/scale[blocks[i].position]);
  });
  const std::int64_t slots = batch.active_slots(layer);
  for (std::int64_t z = 0; z < batch.zero_positions() && slots > 0; ++z) {
    sink.zeroed_values(layer, z, 0, zeroed_values_.select(0, z).narrow(0, 0, slots));
  }
}

void LinearBackward::mix(const BackwardBatch& batch, std::int64_t layer) {
  const ModelConfig& c = run_.model->config;
  const MixShape shape = {.n_positions = batch.n_positions(),
                          .zero_positions = batch.zero_positions(),
                          .n_heads = c.n_heads,
                          .n_kv_heads = c.n_kv_heads,
                          .d_head = c.d_head};
  const at::Tensor pattern =
      run_.record.blocks[static_cast<std::size_t>(layer)].pattern.contiguous();
  const std::int64_t slots = batch.active_slots(layer);
  const auto element = static_cast<std::int64_t>(gradients_.element_size());
  const std::int64_t output_bytes = outputs_.size(1) * element;
  const std::int64_t mixed_bytes = mixed_.size(1) * element;
  const auto* outputs = static_cast<const char*>(outputs_.data_ptr());
  auto* mixed = static_cast<char*>(mixed_.data_ptr());
  auto* zeroed = static_cast<char*>(zeroed_values_.data_ptr());
  parallel_tasks(
      static_cast<std::size_t>((slots + kSlotsPerTask - 1) / kSlotsPerTask), [&](std::size_t task) {
        std::vector<const void*> from(static_cast<std::size_t>(batch.n_positions()), nullptr);
        std::vector<void*> to(from.size(), nullptr);
        const std::int64_t first = static_cast<std::int64_t>(task) * kSlotsPerTask;
        for (std::int64_t slot = first; slot < std::min(slots, first + kSlotsPerTask); ++slot) {
          const std::int64_t position = batch.read(slot).position;
          for (std::int64_t q = 0; q <= position; ++q) {
            const auto i = static_cast<std::size_t>(q);
            if (q < batch.zero_positions()) {
              to[i] = zeroed + (q * batch.size() + slot) * mixed_bytes;
              continue;
            }
            const std::int64_t row = batch.block_begin(q) + batch.row(slot, q);
            from[i] = outputs + row * output_bytes;
            to[i] = mixed + row * mixed_bytes;
          }
          mix_pattern(gradients_.scalar_type(), pattern.data_ptr(), shape, position, from, to);
        }
      });
}

}  // namespace circuit
