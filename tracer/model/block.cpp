#include "tracer/model/block.h"

#include <utility>

#include <ATen/ATen.h>

#include "tracer/model/stream_attention.h"

namespace circuit {
namespace {

// x behind `norm`, whose scale goes to `inverse_scale`; x itself where there is none.
at::Tensor behind(const std::optional<Norm>& norm, const at::Tensor& x, const at::Tensor& frozen,
                  at::Tensor& inverse_scale) {
  if (!norm) return x;
  NormOutput result = norm_forward(*norm, x, frozen);
  inverse_scale = std::move(result.inverse_scale);
  return std::move(result.output);
}

AttentionOutput attend(const ModelConfig& config, const Attention& attention, const BlockRun& run,
                       const at::Tensor& x) {
  if (run.streams.empty()) {
    return attention_forward(config, attention, run.rotary, x, run.cache, run.pattern,
                             run.score_change, run.rows);
  }
  return {.pattern = {}, .output = stream_attention(config, attention, run.rotary, x, run.streams)};
}

}  // namespace

BlockRecord block_forward(const ModelConfig& config, const Block& block, const BlockRun& run,
                          at::Tensor& residual) {
  const auto visit = [&](ModelSite site, at::Tensor& x) {
    if (run.visitor != nullptr) run.visitor->visit({site, run.layer}, run.first_position, x);
  };
  const BlockRecord live;
  const BlockRecord& scales = run.scales == nullptr ? live : *run.scales;
  BlockRecord record;
  visit(ModelSite::kResidualPre, residual);
  const NormOutput attention_in =
      norm_forward(block.attention_norm, residual, scales.attention_inverse_scale);
  AttentionOutput attention = attend(config, block.attention, run, attention_in.output);
  record.attention_inverse_scale = attention_in.inverse_scale;
  record.pattern = std::move(attention.pattern);
  at::Tensor attention_out =
      behind(block.attention_post_norm, attention.output, scales.attention_post_inverse_scale,
             record.attention_post_inverse_scale);
  visit(ModelSite::kAttentionOut, attention_out);
  record.residual_mid = residual + attention_out;
  visit(ModelSite::kResidualMid, record.residual_mid);
  const NormOutput mlp_in =
      norm_forward(block.mlp_norm, record.residual_mid, scales.mlp_inverse_scale);
  record.mlp_inverse_scale = mlp_in.inverse_scale;
  record.mlp_raw = mlp_forward(config, block.mlp, mlp_in.output, run.rows);
  visit(ModelSite::kMlpOutRaw, record.mlp_raw);
  record.mlp_out = behind(block.mlp_post_norm, record.mlp_raw, scales.mlp_post_inverse_scale,
                          record.mlp_post_inverse_scale);
  visit(ModelSite::kMlpOut, record.mlp_out);
  residual = record.residual_mid + record.mlp_out;
  visit(ModelSite::kResidualPost, residual);
  return record;
}

}  // namespace circuit
