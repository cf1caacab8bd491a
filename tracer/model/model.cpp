#include "tracer/model/model.h"

#include <stdexcept>

#include <ATen/ATen.h>

#include "tracer/model/affine.h"
#include "tracer/model/soft_cap.h"
#include "transcoders/product.h"
#include "transcoders/tensor_view.h"

namespace circuit {
namespace {

struct RotaryTables {
  RotaryTable full, sliding;
  const RotaryTable& of(AttentionSpan span) const {
    return span == AttentionSpan::kFull ? full : sliding;
  }
};

RotaryTables rotary_tables(const Model& model, std::int64_t n) {
  if (model.config.positions != PositionKind::kRotary) return {};
  const auto table = [&](AttentionSpan span) {
    return rotary_table(model.config, span, n, sum_type(model.dtype), model.device());
  };
  return {.full = table(AttentionSpan::kFull), .sliding = table(AttentionSpan::kSliding)};
}

void check_ids(const ModelConfig& config, std::span<const std::int32_t> ids) {
  if (ids.empty()) throw std::invalid_argument("[forward] the prompt has no tokens");
  if (static_cast<std::int64_t>(ids.size()) > config.max_positions) {
    throw std::invalid_argument("[forward] the prompt has " + std::to_string(ids.size()) +
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

// x behind `norm`, whose scale goes to `inverse_scale`; x itself where there is none.
at::Tensor behind(const std::optional<Norm>& norm, const at::Tensor& x, at::Tensor& inverse_scale) {
  if (!norm) return x;
  NormOutput result = norm_forward(*norm, x);
  inverse_scale = std::move(result.inverse_scale);
  return std::move(result.output);
}

BlockRecord block_forward(const ModelConfig& config, const Block& block, const RotaryTables& rotary,
                          at::Tensor& residual) {
  BlockRecord record;
  const NormOutput attention_in = norm_forward(block.attention_norm, residual);
  AttentionOutput attention = attention_forward(
      config, block.attention, rotary.of(block.attention.span), attention_in.output);
  record.attention_inverse_scale = attention_in.inverse_scale;
  record.pattern = std::move(attention.pattern);
  record.residual_mid = residual + behind(block.attention_post_norm, attention.output,
                                          record.attention_post_inverse_scale);
  const NormOutput mlp_in = norm_forward(block.mlp_norm, record.residual_mid);
  record.mlp_inverse_scale = mlp_in.inverse_scale;
  record.mlp_raw = mlp_forward(config, block.mlp, mlp_in.output);
  record.mlp_out = behind(block.mlp_post_norm, record.mlp_raw, record.mlp_post_inverse_scale);
  residual = record.residual_mid + record.mlp_out;
  return record;
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

ForwardRecord forward(const Model& model, std::span<const std::int32_t> input_ids,
                      LogitPositions positions) {
  const ModelConfig& config = model.config;
  check_ids(config, input_ids);
  const auto n = static_cast<std::int64_t>(input_ids.size());
  ForwardRecord record;
  record.input_ids.assign(input_ids.begin(), input_ids.end());
  const at::Tensor ids = at::tensor(record.input_ids, at::kInt).to(at::kLong).to(model.device());
  record.token_embeddings = model.embedding.index_select(0, ids).to(sum_type(model.dtype));
  if (config.embedding_scale != 1) {
    record.token_embeddings = record.token_embeddings * config.embedding_scale;
  }
  at::Tensor residual = record.token_embeddings;
  if (config.positions == PositionKind::kLearned) {
    residual = residual + model.position_embedding.narrow(0, 0, n);
  }
  const RotaryTables rotary = rotary_tables(model, n);
  for (const Block& block : model.blocks) {
    record.blocks.push_back(block_forward(config, block, rotary, residual));
    release_pages(block);
  }
  record.residual_final = residual;
  const NormOutput final_norm = norm_forward(model.final_norm, residual);
  record.final_inverse_scale = final_norm.inverse_scale;
  const at::Tensor read =
      positions == LogitPositions::kAll ? final_norm.output : final_norm.output.narrow(0, n - 1, 1);
  record.uncapped_logits = affine(read, model.unembedding, {});
  record.logits = soft_cap(record.uncapped_logits, config.final_softcap);
  release_pages(model.unembedding);
  return record;
}

}  // namespace circuit
