#include "tracer/replacement/linear_forward.h"

#include <ATen/ATen.h>

#include "tracer/model/affine.h"
#include "tracer/replacement/frozen_layer.h"
#include "tracer/replacement/read_site.h"
#include "tracer/replacement/write_site.h"
#include "transcoders/product.h"

namespace circuit {
namespace {

// What reaches the residual stream from the replaced MLP beside its skip.
at::Tensor written(const ReplacementRun& run, std::size_t layer, const FrozenLayer& frozen,
                   const FrozenInput& input) {
  at::Tensor added;
  if (layer < input.written.size() && input.written[layer].defined()) {
    added = frozen.written(input.written[layer]);
  }
  const Block& block = run.model->blocks[layer];
  const bool has_bias = block.mlp_post_norm && block.mlp_post_norm->bias.defined();
  if (!input.with_constants || !has_bias ||
      !has_norm_behind(run.transcoders->info().write_site, block)) {
    return added;
  }
  return added.defined() ? added + block.mlp_post_norm->bias : block.mlp_post_norm->bias;
}

}  // namespace

FrozenStream linear_forward(const ReplacementRun& run, const FrozenInput& input, std::int64_t m) {
  const Model& model = *run.model;
  const ReadSite site = run.transcoders->info().read_site;
  FrozenStream stream;
  at::Tensor residual =
      input.embedding.defined()
          ? input.embedding
          : at::zeros({m, model.config.d_model},
                      at::TensorOptions().dtype(sum_type(model.dtype)).device(model.device()));
  for (std::size_t layer = 0; layer < model.blocks.size(); ++layer) {
    const FrozenLayer frozen(run, static_cast<std::int64_t>(layer), m);
    if (input.keep_residuals) stream.residuals.push_back(residual);
    stream.values.push_back(frozen.values(residual, input.with_constants));
    residual = residual + frozen.added(frozen.mixed(stream.values.back()), input.with_constants);
    const Norm& norm = model.blocks[layer].mlp_norm;
    const at::Tensor scale = run.record.blocks[layer].mlp_inverse_scale.narrow(0, 0, m);
    stream.reads.push_back(input.with_constants ? read_input(site, norm, scale, residual)
                                                : read_push(site, norm, scale, residual));
    for (const at::Tensor& added :
         {frozen.skip_of_read(stream.reads.back()), written(run, layer, frozen, input)}) {
      if (added.defined()) residual = residual + added;
    }
  }
  stream.final_read =
      norm_push(model.final_norm, run.record.final_inverse_scale.narrow(0, 0, m), residual);
  if (input.with_constants && model.final_norm.bias.defined()) {
    stream.final_read = stream.final_read + model.final_norm.bias;
  }
  return stream;
}

FrozenStream bias_stream(const ReplacementRun& run, bool keep_residuals) {
  const Model& model = *run.model;
  const std::int64_t n = run.n_positions();
  FrozenInput input;
  input.with_constants = true;
  input.keep_residuals = keep_residuals;
  if (model.position_embedding.defined()) {
    input.embedding = model.position_embedding.narrow(0, 0, n);
  }
  for (std::size_t layer = 0; layer < model.blocks.size(); ++layer) {
    const auto index = static_cast<std::int64_t>(layer);
    const BlockRecord& record = run.record.blocks[layer];
    at::Tensor constant =
        run.transcoders->decoder_bias(index).to(sum_type(model.dtype)).expand({n, -1}).clone();
    const WriteSite site = run.transcoders->info().write_site;
    at::Tensor zeroed =
        written_value(site, model.blocks[layer], record).narrow(0, 0, run.zero_positions);
    if (const at::Tensor skip = run.transcoders->skip(index); skip.defined()) {
      const at::Tensor read =
          read_input(run.transcoders->info().read_site, model.blocks[layer].mlp_norm,
                     record.mlp_inverse_scale, record.residual_mid);
      zeroed = zeroed - affine(read.narrow(0, 0, run.zero_positions), skip, {});
    }
    constant.narrow(0, 0, run.zero_positions).copy_(zeroed);
    input.written.push_back(constant);
  }
  return linear_forward(run, input, n);
}

std::vector<FrozenStream> zeroed_token_streams(const ReplacementRun& run, bool keep_residuals) {
  const at::Tensor embeddings = run.record.token_embeddings.narrow(0, 0, run.zero_positions);
  std::vector<FrozenStream> streams;
  for (std::int64_t token = 0; token < run.zero_positions; ++token) {
    FrozenInput input;
    input.keep_residuals = keep_residuals;
    input.embedding = at::zeros_like(embeddings);
    input.embedding.select(0, token).copy_(embeddings.select(0, token));
    streams.push_back(linear_forward(run, input, run.zero_positions));
  }
  return streams;
}

}  // namespace circuit
