#include "tracer/model/model.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include <ATen/ATen.h>

#include "tracer/model/affine.h"
#include "tracer/model/soft_cap.h"
#include "transcoders/product.h"
#include "transcoders/tensor_view.h"

namespace circuit {
namespace {

void check_ids(const ModelConfig& config, std::span<const std::int32_t> ids,
               std::span<const std::int64_t> positions) {
  if (ids.empty()) throw std::invalid_argument("[forward] the prompt has no tokens");
  const std::int64_t n = std::ranges::max(positions) + 1;
  if (n > config.max_positions) {
    throw std::invalid_argument("[forward] the prompt has " + std::to_string(n) +
                                " tokens, the model takes at most " +
                                std::to_string(config.max_positions));
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < 0 || ids[i] >= config.vocabulary_size) {
      throw std::invalid_argument("[forward] token id " + std::to_string(ids[i]) + " at position " +
                                  std::to_string(i) + ", expected 0 to " +
                                  std::to_string(config.vocabulary_size - 1));
    }
  }
}

// The weights of a block serve once a forward; the backward needs a tenth of them.
void release_pages(const Block& block) {
  for (const at::Tensor& weight :
       {block.attention.query, block.attention.key, block.attention.value, block.attention.output,
        block.mlp.gate, block.mlp.up, block.mlp.down}) {
    circuit::release_pages(weight);
  }
}

}  // namespace

Embedded embed(const Model& model, std::span<const std::int32_t> ids, std::int64_t first_position) {
  std::vector<std::int64_t> positions(ids.size());
  std::iota(positions.begin(), positions.end(), first_position);
  return embed(model, ids, positions);
}

Embedded embed(const Model& model, std::span<const std::int32_t> ids,
               std::span<const std::int64_t> positions) {
  const ModelConfig& config = model.config;
  check_ids(config, ids, positions);
  const std::vector<std::int64_t> rows(ids.begin(), ids.end());
  Embedded result;
  result.tokens = model.embedding.index_select(0, at::tensor(rows).to(model.device()))
                      .to(sum_type(model.dtype));
  if (config.embedding_scale != 1) result.tokens = result.tokens * config.embedding_scale;
  result.residual = result.tokens;
  if (config.positions == PositionKind::kLearned) {
    const at::Tensor places = at::tensor(at::ArrayRef(positions.data(), positions.size()));
    result.residual =
        result.tokens + model.position_embedding.index_select(0, places.to(model.device()));
  }
  return result;
}

Logits read_logits(const Model& model, const at::Tensor& residual, LogitPositions positions,
                   const at::Tensor& inverse_scale, Rows rows) {
  const NormOutput final_norm = norm_forward(model.final_norm, residual, inverse_scale);
  const at::Tensor read = positions == LogitPositions::kAll
                              ? final_norm.output
                              : final_norm.output.narrow(0, residual.size(0) - 1, 1);
  Logits logits;
  logits.inverse_scale = final_norm.inverse_scale;
  logits.uncapped = affine(read, model.unembedding, {}, rows);
  logits.capped = soft_cap(logits.uncapped, model.config.final_softcap);
  return logits;
}

ForwardRecord forward(const Model& model, std::span<const std::int32_t> input_ids,
                      LogitPositions positions, std::span<const at::Tensor> score_changes) {
  const ModelConfig& config = model.config;
  ForwardRecord record;
  record.input_ids.assign(input_ids.begin(), input_ids.end());
  const Embedded embedded = embed(model, input_ids, 0);
  record.token_embeddings = embedded.tokens;
  at::Tensor residual = embedded.residual;
  const RotaryTables rotary =
      rotary_tables(config, residual.size(0), sum_type(model.dtype), model.device());
  for (std::size_t layer = 0; layer < model.blocks.size(); ++layer) {
    const Block& block = model.blocks[layer];
    record.blocks.push_back(
        block_forward(config, block,
                      {.layer = static_cast<std::int64_t>(layer),
                       .rotary = rotary.of(block.attention.span),
                       .score_change = score_changes.empty() ? at::Tensor() : score_changes[layer]},
                      residual));
    release_pages(block);
  }
  record.residual_final = residual;
  const Logits logits = read_logits(model, residual, positions);
  release_pages(model.unembedding);
  record.final_inverse_scale = logits.inverse_scale;
  record.uncapped_logits = logits.uncapped;
  record.logits = logits.capped;
  return record;
}

}  // namespace circuit
