#include "tracer/attribution/feature_targets.h"

#include <ATen/ATen.h>

namespace circuit {

std::vector<ReadPoint> read_points(const ActiveFeatureSet& features,
                                   std::span<const std::int64_t> chosen) {
  std::vector<ReadPoint> reads;
  for (const std::int64_t feature : chosen) {
    const auto i = static_cast<std::size_t>(feature);
    reads.push_back({.layer = features.layers[i], .position = features.positions[i]});
  }
  return reads;
}

RowTargets feature_targets(const ReplacementRun& run, std::span<const std::int64_t> chosen) {
  const ActiveFeatureSet& all = run.features;
  RowTargets targets;
  targets.reads = read_points(all, chosen);
  std::vector<at::Tensor> covectors;
  for (std::size_t begin = 0; begin < chosen.size();) {
    const std::int64_t layer = targets.reads[begin].layer;
    std::vector<std::int64_t> features;
    std::size_t end = begin;
    for (; end < chosen.size() && targets.reads[end].layer == layer; ++end) {
      features.push_back(all.features[static_cast<std::size_t>(chosen[end])]);
    }
    const at::Tensor index = at::tensor(features, at::kLong);
    covectors.push_back(run.transcoders->encoder_rows(layer, index));
    const at::Tensor biases =
        run.transcoders->encoder_bias(layer).index_select(0, index).to(at::kDouble);
    targets.constants.insert(targets.constants.end(), biases.data_ptr<double>(),
                             biases.data_ptr<double>() + biases.numel());
    begin = end;
  }
  targets.covectors = at::cat(covectors);
  const at::Tensor index = at::tensor(std::vector<std::int64_t>(chosen.begin(), chosen.end()));
  const at::Tensor values = all.pre_activations.index_select(0, index).to(at::kDouble);
  targets.pre_activations.assign(values.data_ptr<double>(),
                                 values.data_ptr<double>() + values.numel());
  return targets;
}

}  // namespace circuit
