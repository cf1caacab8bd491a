#include "tracer/replacement/linear_forward.h"

#include <ATen/ATen.h>

#include "tracer/model/affine.h"
#include "tracer/replacement/read_site.h"
#include "tracer/replacement/write_site.h"
#include "transcoders/product.h"

namespace circuit {
namespace {

at::Tensor attend(const ReplacementRun& run, std::size_t layer, const at::Tensor& residual,
                  bool with_constants, at::Tensor& values) {
  const Block& block = run.model->blocks[layer];
  const BlockRecord& record = run.record.blocks[layer];
  const std::int64_t m = residual.size(0);
  at::Tensor input =
      norm_push(block.attention_norm, record.attention_inverse_scale.narrow(0, 0, m), residual);
  if (with_constants && block.attention_norm.bias.defined()) {
    input = input + block.attention_norm.bias;
  }
  values = affine(input, block.attention.value,
                  with_constants ? block.attention.value_bias : at::Tensor());
  at::Tensor output = attention_push(run.model->config, block.attention,
                                     record.pattern.narrow(1, 0, m).narrow(2, 0, m), values);
  if (with_constants && block.attention.output_bias.defined()) {
    output = output + block.attention.output_bias;
  }
  if (block.attention_post_norm) {
    output = norm_push(*block.attention_post_norm,
                       record.attention_post_inverse_scale.narrow(0, 0, m), output);
    if (with_constants && block.attention_post_norm->bias.defined()) {
      output = output + block.attention_post_norm->bias;
    }
  }
  return residual + output;
}

// What the replaced MLP adds to the residual stream: skip of `read`, what enters at its write site.
at::Tensor replaced_mlp(const ReplacementRun& run, std::size_t layer, const FrozenInput& input,
                        const at::Tensor& read) {
  const Block& block = run.model->blocks[layer];
  const WriteSite site = run.transcoders->info().write_site;
  at::Tensor written = at::zeros_like(read);
  if (const at::Tensor skip = run.transcoders->skip(static_cast<std::int64_t>(layer));
      skip.defined()) {
    written = affine(read, skip, {});
  }
  if (layer < input.written.size() && input.written[layer].defined()) {
    written = written + input.written[layer];
  }
  const at::Tensor added = write_push(site, block, run.record.blocks[layer], written);
  const bool has_bias = block.mlp_post_norm && block.mlp_post_norm->bias.defined();
  return input.with_constants && has_norm_behind(site, block) && has_bias
             ? added + block.mlp_post_norm->bias
             : added;
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
    at::Tensor values;
    residual = attend(run, layer, residual, input.with_constants, values);
    stream.values.push_back(values);
    const Norm& norm = model.blocks[layer].mlp_norm;
    const at::Tensor scale = run.record.blocks[layer].mlp_inverse_scale.narrow(0, 0, m);
    stream.reads.push_back(input.with_constants ? read_input(site, norm, scale, residual)
                                                : read_push(site, norm, scale, residual));
    residual = residual + replaced_mlp(run, layer, input, stream.reads.back());
  }
  stream.final_read =
      norm_push(model.final_norm, run.record.final_inverse_scale.narrow(0, 0, m), residual);
  if (input.with_constants && model.final_norm.bias.defined()) {
    stream.final_read = stream.final_read + model.final_norm.bias;
  }
  return stream;
}

FrozenStream bias_stream(const ReplacementRun& run) {
  const Model& model = *run.model;
  const std::int64_t n = run.n_positions();
  FrozenInput input;
  input.with_constants = true;
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

}  // namespace circuit
