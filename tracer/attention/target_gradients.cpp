#include "tracer/attention/target_gradients.h"

#include <ATen/ATen.h>

#include "tracer/replacement/frozen_layer.h"
#include "tracer/replacement/read_site.h"

namespace circuit {
namespace {

struct Readers {
  std::vector<std::int64_t> places;    // in the batch
  std::vector<std::int64_t> features;  // of the layer's transcoder; behind the last: targets
};

// Of each layer the features that read there, and in the end the outputs.
std::vector<Readers> readers_by_layer(const AttributionGraph& graph,
                                      std::span<const std::size_t> targets) {
  std::vector<Readers> readers(graph.n_layers() + 1);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto layer = static_cast<std::size_t>(graph.read_layer(targets[i]));
    readers[layer].places.push_back(static_cast<std::int64_t>(i));
    readers[layer].features.push_back(
        layer == graph.n_layers() ? static_cast<std::int64_t>(targets[i] - graph.first_target())
        : graph.kind(targets[i]) == NodeKind::kTarget ? graph.target(targets[i]).feature
                                                      : graph.node(targets[i]).feature);
  }
  return readers;
}

}  // namespace

TargetGradients target_gradients(const ReplacementRun& run, const AttributionGraph& graph,
                                 const at::Tensor& covectors, std::span<const std::size_t> targets,
                                 at::ScalarType type) {
  const auto options = at::TensorOptions().dtype(type).device(run.device());
  TargetGradients result;
  std::vector<std::int64_t> positions;
  for (const std::size_t target : targets) {
    positions.push_back(graph.node(target).position);
    result.reads.push_back({.layer = graph.read_layer(target), .position = positions.back()});
  }
  result.positions = at::tensor(positions, at::kLong).to(run.device());
  result.behind_attention.resize(graph.n_layers());
  const std::vector<Readers> readers = readers_by_layer(graph, targets);

  at::Tensor gradients =
      at::zeros({static_cast<std::int64_t>(targets.size()), run.model->config.d_model}, options);
  const auto join = [&](const Readers& some, const auto& pull, at::Tensor chosen) {
    const at::Tensor places = at::tensor(some.places, at::kLong).to(run.device());
    gradients.index_copy_(
        0, places, pull(chosen.to(options), result.positions.index_select(0, places)).to(options));
  };
  bool any = false;
  if (const Readers& outputs = readers.back(); !outputs.places.empty()) {
    join(
        outputs,
        [&](const at::Tensor& chosen, const at::Tensor& where) {
          return norm_pull(run.model->final_norm,
                           run.record.final_inverse_scale.index_select(0, where), chosen);
        },
        covectors.index_select(0, at::tensor(outputs.features, at::kLong)));
    result.final = gradients.clone();
    any = true;
  }
  for (std::int64_t layer = run.n_layers() - 1; layer >= 0; --layer) {
    const auto index = static_cast<std::size_t>(layer);
    if (any) {
      const at::Tensor skipped = FrozenLayer(run, layer, result.positions).pull_skipped(gradients);
      if (skipped.defined()) gradients += skipped;
    }
    if (const Readers& here = readers[index]; !here.places.empty()) {
      join(
          here,
          [&](const at::Tensor& chosen, const at::Tensor& where) {
            return read_pull(run.transcoders->info().read_site, run.model->blocks[index].mlp_norm,
                             run.record.blocks[index].mlp_inverse_scale.index_select(0, where),
                             chosen);
          },
          run.transcoders->encoder_rows(layer, at::tensor(here.features, at::kLong)));
      any = true;
    }
    if (any) result.behind_attention[index] = gradients.clone();
  }
  return result;
}

}  // namespace circuit
