#include "tracer/intervention/clean_run.h"

#include <ATen/ATen.h>

#include "tracer/machine/threads.h"
#include "tracer/replacement/read_site.h"
#include "tracer/replacement/run.h"

namespace circuit {
namespace {

at::Tensor read_activations(const CleanRun& run, std::size_t layer) {
  const BlockRecord& block = run.record.blocks[layer];
  const at::Tensor input =
      read_input(run.transcoders->info().read_site, run.model->blocks[layer].mlp_norm,
                 block.mlp_inverse_scale, block.residual_mid);
  const auto index = static_cast<std::int64_t>(layer);
  at::Tensor activations = run.transcoders->activate(index, run.transcoders->encode(index, input));
  activations.narrow(0, 0, std::min(run.zero_positions, activations.size(0))).zero_();
  return activations;
}

}  // namespace

std::vector<at::Tensor> CleanRun::patterns() const {
  std::vector<at::Tensor> all;
  for (const BlockRecord& block : record.blocks) all.push_back(block.pattern);
  return all;
}

CleanRun run_clean(const Model& model, const TranscoderSet* transcoders,
                   std::span<const std::int32_t> ids, std::int64_t zero_positions) {
  CleanRun run{.model = &model,
               .transcoders = transcoders,
               .record = forward(model, ids, LogitPositions::kAll),
               .zero_positions = zero_positions,
               .activations = {}};
  if (transcoders == nullptr) return run;
  check_fit(model, *transcoders);
  run.activations.resize(model.blocks.size());
  const auto read = [&](std::size_t layer) {
    run.activations[layer] = read_activations(run, layer);
  };
  if (model.device().is_cpu()) {
    parallel_tasks(run.activations.size(), read);
  } else {
    for (std::size_t layer = 0; layer < run.activations.size(); ++layer) read(layer);
  }
  return run;
}

}  // namespace circuit
