#include "tracer/replacement/run.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <ATen/ATen.h>

#include "tracer/machine/threads.h"
#include "tracer/model/affine.h"
#include "tracer/replacement/read_site.h"
#include "tracer/replacement/write_site.h"

namespace circuit {
namespace {

struct LayerFeatures {                      // on the CPU
  at::Tensor positions, features;           // i64 [k]
  at::Tensor activations, pre_activations;  // [k]
};

LayerFeatures encode_layer(const ReplacementRun& run, std::int64_t layer) {
  const BlockRecord& block = run.record.blocks[static_cast<std::size_t>(layer)];
  const Norm& norm = run.model->blocks[static_cast<std::size_t>(layer)].mlp_norm;
  const TranscoderSet& transcoders = *run.transcoders;
  const at::Tensor input =
      read_input(transcoders.info().read_site, norm, block.mlp_inverse_scale, block.residual_mid);
  const at::Tensor pre = transcoders.encode(layer, input);  // [n, n_features]
  const at::Tensor post = transcoders.activate(layer, pre);
  post.narrow(0, 0, run.zero_positions).zero_();
  const at::Tensor active = post.nonzero();  // [k, 2], row-major order: position, then feature
  const at::Tensor positions = active.select(1, 0).contiguous();
  const at::Tensor features = active.select(1, 1).contiguous();
  LayerFeatures found;
  found.activations = post.index({positions, features}).to(at::kCPU);
  found.pre_activations = pre.index({positions, features}).to(at::kCPU);
  found.positions = positions.to(at::kCPU);
  found.features = features.to(at::kCPU);
  return found;
}

void append(std::vector<std::int32_t>& out, const at::Tensor& values) {
  const std::int64_t* data = values.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < values.numel(); ++i) {
    out.push_back(static_cast<std::int32_t>(data[i]));
  }
}

ActiveFeatureSet join_layers(const std::vector<LayerFeatures>& layers) {
  ActiveFeatureSet all;
  std::vector<at::Tensor> activations, pre_activations;
  all.layer_offsets.push_back(0);
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    const LayerFeatures& one = layers[layer];
    all.layers.resize(all.layers.size() + static_cast<std::size_t>(one.features.numel()),
                      static_cast<std::int32_t>(layer));
    append(all.positions, one.positions);
    append(all.features, one.features);
    activations.push_back(one.activations);
    pre_activations.push_back(one.pre_activations);
    all.layer_offsets.push_back(all.size());
  }
  all.activations = at::cat(activations);
  all.pre_activations = at::cat(pre_activations);
  return all;
}

// Errors = what the MLP writes - (scaled decoder rows + b_dec + skip), outside the zeroed
// positions.
void add_errors(ReplacementRun& run) {
  const TranscoderSet& transcoders = *run.transcoders;
  const std::int64_t n_layers = run.n_layers();
  for (std::size_t layer = 0; layer < run.record.blocks.size(); ++layer) {
    const BlockRecord& block = run.record.blocks[layer];
    const auto index = static_cast<std::int64_t>(layer);
    at::Tensor error =
        written_value(transcoders.info().write_site, run.model->blocks[layer], block) -
        transcoders.decoder_bias(index);
    if (const at::Tensor skip = transcoders.skip(index); skip.defined()) {
      const at::Tensor input =
          read_input(transcoders.info().read_site, run.model->blocks[layer].mlp_norm,
                     block.mlp_inverse_scale, block.residual_mid);
      error -= affine(input, skip, {});
    }
    run.errors.push_back(error.to(at::kCPU).contiguous());
  }
  for (std::int64_t from = 0; from < n_layers; ++from) {
    const auto begin = run.features.layer_offsets[static_cast<std::size_t>(from)];
    const auto end = run.features.layer_offsets[static_cast<std::size_t>(from) + 1];
    const auto positions =
        std::span(run.features.positions)
            .subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
    for (std::int64_t layer = from; layer <= transcoders.last_written_layer(from); ++layer) {
      subtract_scaled_rows(run.errors[static_cast<std::size_t>(layer)],
                           run.written_rows(from, layer), positions);
    }
  }
  for (at::Tensor& error : run.errors) error.narrow(0, 0, run.zero_positions).zero_();
}

}  // namespace

std::int64_t default_zero_positions(const ModelConfig& config,
                                    std::span<const std::int32_t> input_ids) {
  constexpr std::array<std::int32_t, 4> kGemma3Chat = {2, 105, 2364, 107};
  const bool chat = config.model_type.starts_with("gemma3") && input_ids.size() >= 4 &&
                    std::ranges::equal(input_ids.first(4), kGemma3Chat);
  return chat ? 4 : 1;
}

void check_fit(const Model& model, const TranscoderSet& transcoders) {
  const TranscoderInfo& info = transcoders.info();
  const auto mismatch = [&](const std::string& what, std::int64_t found, std::int64_t expected) {
    throw std::runtime_error("[trace] transcoders " + info.directory.string() + ": " + what + " " +
                             std::to_string(found) + ", the model " + model.name + " has " +
                             std::to_string(expected));
  };
  if (info.n_layers != model.config.n_layers) {
    mismatch("number of layers is", info.n_layers, model.config.n_layers);
  }
  if (info.d_model != model.config.d_model) {
    mismatch("d_model is", info.d_model, model.config.d_model);
  }
}

ReplacementRun run_replacement(const Model& model, const TranscoderSet& transcoders,
                               std::span<const std::int32_t> input_ids,
                               std::optional<std::int64_t> zero_positions,
                               std::int64_t keep_decoder_bytes) {
  check_fit(model, transcoders);
  ReplacementRun run;
  run.model = &model;
  run.transcoders = &transcoders;
  run.zero_positions = zero_positions.value_or(default_zero_positions(model.config, input_ids));
  if (run.zero_positions < 1 || static_cast<std::int64_t>(input_ids.size()) <= run.zero_positions) {
    throw std::invalid_argument("[trace] the prompt has " + std::to_string(input_ids.size()) +
                                " token(s), of which the first " +
                                std::to_string(run.zero_positions) +
                                " carry no features; expected at least " +
                                std::to_string(std::max<std::int64_t>(run.zero_positions, 1) + 1));
  }
  run.record = forward(model, input_ids);
  if (!run.record.logits.isfinite().all().item<bool>()) {
    throw std::runtime_error(
        "[trace] the model's logits are not finite; expected finite numbers "
        "(try --dtype f32)");
  }
  const auto n_layers = static_cast<std::size_t>(model.config.n_layers);
  std::vector<LayerFeatures> layers(n_layers);
  const auto encode = [&](std::size_t layer) {
    layers[layer] = encode_layer(run, static_cast<std::int64_t>(layer));
  };
  if (model.device().is_cpu()) {
    parallel_tasks(n_layers, encode);
  } else {  // a device is busy with one layer, and holds the parts of one encoder only
    for (std::size_t layer = 0; layer < n_layers; ++layer) encode(layer);
  }
  std::vector<at::Tensor> firing;
  for (const LayerFeatures& layer : layers) firing.push_back(layer.features);
  run.features = join_layers(layers);
  run.decoders = DecoderRows(transcoders, firing, keep_decoder_bytes);
  add_errors(run);
  return run;
}

bool ReplacementRun::writes_through_norms() const {
  const WriteSite site = transcoders->info().write_site;
  return std::ranges::any_of(model->blocks,
                             [site](const Block& block) { return has_norm_behind(site, block); });
}

ScaledRows ReplacementRun::written_rows(std::int64_t from, std::int64_t layer) const {
  const std::int64_t begin = features.layer_offsets[static_cast<std::size_t>(from)];
  const at::Tensor& index = decoders.index(from);
  return {.rows = decoders.rows(from, layer),
          .index = index,
          .factors = features.activations.narrow(0, begin, index.numel())};
}

}  // namespace circuit
