#include "tracer/attribution/device_sources.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "tracer/machine/threads.h"
#include "tracer/replacement/buffer.h"

namespace circuit {

DeviceColumns::DeviceColumns(const ColumnLayout& columns) : begin_{0} {
  for (std::int64_t layer = 0; layer < columns.n_layers(); ++layer) {
    std::int64_t most = 0;
    for (std::int64_t q = columns.zero_positions(); q < columns.n_positions(); ++q) {
      most = std::max(most, columns.feature_count(layer, q));
    }
    begin_.push_back(begin_.back() + most + 1);
  }
}

DeviceSources::DeviceSources(const ReplacementRun& run, Sources& sources, bool resident)
    : run_(run),
      sources_(sources),
      columns_(sources.columns()),
      resident_(resident),
      kept_(static_cast<std::size_t>(run.n_layers())) {
  for (int i = 0; i < 2; ++i) stages_.push_back({.lane = CopyLane(run.device())});
}

std::vector<std::int64_t> DeviceSources::shape(std::int64_t layer) const {
  return {run_.n_positions() - run_.zero_positions, columns_.end(layer) - first_column(layer),
          run_.model->config.d_model};
}

std::int64_t DeviceSources::layer_bytes(std::int64_t layer) const {
  std::int64_t bytes = static_cast<std::int64_t>(at::elementSize(sources_.type()));
  for (const std::int64_t size : shape(layer)) bytes *= size;
  return bytes;
}

at::Tensor DeviceSources::layer(std::int64_t layer) {
  Stage& stage = stages_[static_cast<std::size_t>(layer % 2)];
  start(layer);
  stage.lane.let_device_wait();
  if (layer > 0) start(layer - 1);
  const at::Tensor& kept = kept_[static_cast<std::size_t>(layer)];
  return kept.defined() ? kept : stage.device;
}

// The copy waits for what the device has been given, the product with this stage's last matrix
// among it; what it is given next, the product with the other stage's, need not wait for the copy.
void DeviceSources::start(std::int64_t layer) {
  at::Tensor& kept = kept_[static_cast<std::size_t>(layer)];
  Stage& stage = stages_[static_cast<std::size_t>(layer % 2)];
  if (kept.defined() || (!resident_ && stage.layer == layer)) return;
  stage.lane.wait();
  stage.host = reuse_buffer(stage.host, shape(layer), host_options(run_.device(), sources_.type()));
  gather(layer, stage.host);
  const auto options = at::TensorOptions().dtype(sources_.type()).device(run_.device());
  stage.device = resident_ ? at::empty(shape(layer), options)
                           : reuse_buffer(stage.device, shape(layer), options);
  stage.lane.start(stage.device, stage.host);
  stage.layer = layer;
  if (resident_) kept = stage.device;
}

void DeviceSources::gather(std::int64_t layer, const at::Tensor& out) {
  sources_.open_layer(layer);
  const ColumnLayout& from = sources_.columns();
  const std::int64_t first = first_column(layer);
  parallel_tasks(static_cast<std::size_t>(out.size(0)), [&](std::size_t i) {
    const at::Tensor rows = out.select(0, static_cast<std::int64_t>(i));
    const std::int64_t position = from.zero_positions() + static_cast<std::int64_t>(i);
    rows.zero_();
    for (std::int64_t source = sources_.first_layer(layer); source <= layer; ++source) {
      sources_.written_by(
          source, position,
          rows.narrow(0, columns_.begin(source) - first, from.feature_count(source, position)));
    }
    rows.select(0, columns_.error(layer) - first).copy_(sources_.errors().select(0, position));
  });
}

}  // namespace circuit
