#include "tracer/features/quality.h"

#include <stdexcept>

#include <ATen/ATen.h>

#include "tracer/model/live_forward.h"

namespace circuit {
namespace {

constexpr double kDenseShare = 0.1;

// Sums over positions of one layer.
struct LayerSums {
  at::Tensor y;      // [d_model], f64
  at::Tensor fired;  // [n_features], i64
  double y_squared = 0, error_squared = 0, active = 0;
};

void add_layer(const FeatureReader& reader, const ForwardRecord& record,
               const std::vector<at::Tensor>& activations, std::size_t i,
               std::int64_t zero_positions, LayerSums& sums) {
  const auto measured = [&](const at::Tensor& x) {
    return x.narrow(0, zero_positions, x.size(0) - zero_positions);
  };
  const at::Tensor y = measured(reader.target(record, i)).to(at::kDouble);
  const at::Tensor explained =
      measured(reader.reconstruction(record, activations, i)).to(at::kDouble);
  const at::Tensor fires = measured(activations[i]) != 0;
  const at::Tensor fired = fires.sum(0).to(at::kCPU), total = y.sum(0).to(at::kCPU);
  sums.y = sums.y.defined() ? sums.y + total : total;
  sums.fired = sums.fired.defined() ? sums.fired + fired : fired;
  sums.y_squared += y.square().sum().item<double>();
  sums.error_squared += (y - explained).square().sum().item<double>();
  sums.active += fires.sum().item<double>();
}

LayerQuality quality_of(const LayerSums& sums, std::int64_t layer, std::int64_t positions) {
  const auto n = static_cast<double>(positions);
  const double variation = sums.y_squared - sums.y.square().sum().item<double>() / n;
  return {.layer = layer,
          .fvu = sums.error_squared / variation,
          .l0 = sums.active / n,
          .dead = (sums.fired == 0).sum().item<std::int64_t>(),
          .dense = (sums.fired.to(at::kDouble) > kDenseShare * n).sum().item<std::int64_t>()};
}

// Both logits [n, vocabulary]; positions zero_positions … n - 2 predict the next id.
void add_replaced(const at::Tensor& live, const at::Tensor& replaced,
                  std::span<const std::int32_t> ids, std::int64_t zero_positions,
                  ReplacedQuality& sums) {
  const std::int64_t count = live.size(0) - 1 - zero_positions;
  if (count < 1) return;
  const at::Tensor p = live.narrow(0, zero_positions, count).to(at::kDouble).log_softmax(1);
  const at::Tensor q = replaced.narrow(0, zero_positions, count).to(at::kDouble).log_softmax(1);
  const std::vector<std::int64_t> next(ids.end() - count, ids.end());
  const at::Tensor answers = at::tensor(next).to(p.device()).unsqueeze(1);
  sums.cross_entropy_model -= p.gather(1, answers).sum().item<double>();
  sums.cross_entropy_replaced -= q.gather(1, answers).sum().item<double>();
  sums.agreement += (p.argmax(1) == q.argmax(1)).sum().item<double>();
  sums.kl += (p.exp() * (p - q)).sum().item<double>();
}

at::Tensor replaced_logits(const Model& model, const FeatureReader& reader,
                           std::span<const std::int32_t> ids, std::int64_t zero_positions) {
  const std::unique_ptr<SiteVisitor> replacer = reader.replacer(zero_positions);
  LiveForward live(model, static_cast<std::int64_t>(ids.size()));
  return live.append(ids, {.logits = LogitPositions::kAll, .visitor = replacer.get()});
}

}  // namespace

Quality measure_quality(const Model& model, const FeatureReader& reader,
                        std::span<const std::vector<std::int32_t>> windows,
                        std::int64_t zero_positions,
                        const std::function<void(std::int64_t)>& progress) {
  Quality quality;
  std::vector<LayerSums> sums(reader.layers().size());
  std::int64_t predictions = 0;
  for (const std::vector<std::int32_t>& ids : windows) {
    const auto n = static_cast<std::int64_t>(ids.size());
    if (n <= zero_positions) continue;
    const ForwardRecord record = forward(model, ids, LogitPositions::kAll);
    std::vector<at::Tensor> activations;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      activations.push_back(reader.activations(record, i));
      activations.back().narrow(0, 0, zero_positions).zero_();
      add_layer(reader, record, activations, i, zero_positions, sums[i]);
    }
    add_replaced(record.logits, replaced_logits(model, reader, ids, zero_positions), ids,
                 zero_positions, quality.replaced);
    predictions += n - 1 - zero_positions;
    quality.positions += n - zero_positions;
    ++quality.windows;
    if (progress) progress(quality.windows);
  }
  if (predictions == 0) {
    throw std::invalid_argument(
        "[evaluate] the text has no position to measure, expected at least "
        "one text of " +
        std::to_string(zero_positions + 2) + " tokens");
  }
  for (std::size_t i = 0; i < sums.size(); ++i) {
    quality.layers.push_back(quality_of(sums[i], reader.layers()[i], quality.positions));
  }
  for (double* sum :
       {&quality.replaced.cross_entropy_model, &quality.replaced.cross_entropy_replaced,
        &quality.replaced.agreement, &quality.replaced.kl}) {
    *sum /= static_cast<double>(predictions);
  }
  return quality;
}

}  // namespace circuit
