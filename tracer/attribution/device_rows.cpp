#include "tracer/attribution/device_rows.h"

#include <algorithm>
#include <utility>

#include <ATen/ATen.h>

#include "tracer/attribution/append_rows.h"
#include "tracer/machine/threads.h"
#include "tracer/replacement/buffer.h"
#include "transcoders/product.h"

namespace circuit {
namespace {

constexpr std::int64_t kSlotsPerTask = 64;

// The two parts of a flight's memory.
at::Tensor edges_of(const at::Tensor& memory, const BackwardBatch& batch, std::int64_t columns) {
  return memory.narrow(0, 0, batch.carried_positions() * batch.size() * columns)
      .view({batch.carried_positions(), batch.size(), columns});
}
at::Tensor zeroed_tokens_of(const at::Tensor& memory, const BackwardBatch& batch) {
  const std::int64_t count = batch.size() * batch.zero_positions();
  return memory.narrow(0, memory.size(0) - count, count)
      .view({batch.size(), batch.zero_positions()});
}

// Contracts gradients with sources as the sweep passes, on the device.
class DeviceEdgeSink : public GradientSink {
 public:
  DeviceEdgeSink(const ReplacementRun& run, const Sources& sources, DeviceSources& matrices,
                 const at::Tensor& edges, const at::Tensor& zeroed_tokens)
      : run_(run),
        sources_(sources),
        matrices_(matrices),
        edges_(edges),
        zeroed_tokens_(zeroed_tokens) {}

  void write_site(std::int64_t layer, const at::Tensor& gradients) override {
    const at::Tensor vectors = matrices_.layer(layer).narrow(0, 0, gradients.size(0));
    add_batched_product(edges_.narrow(1, 0, gradients.size(1))
                            .narrow(2, matrices_.first_column(layer), vectors.size(1)),
                        gradients, vectors.transpose(1, 2));
  }

  void embedding(const at::Tensor& gradients) override {
    const at::Tensor tokens =
        sources_.token_embeddings().narrow(0, run_.zero_positions, gradients.size(0));
    add_batched_product(edges_.narrow(2, matrices_.columns().token(), 1), gradients,
                        tokens.to(gradients.scalar_type()).unsqueeze(2));
  }

  void zeroed_values(std::int64_t layer, const at::Tensor& gradients) override {
    const at::Tensor values = sources_
                                  .zeroed_token_values(layer)  // [zeroed, tokens, values]
                                  .to(gradients.scalar_type())
                                  .permute({0, 2, 1})
                                  .reshape({-1, run_.zero_positions});
    const std::int64_t slots = gradients.size(1);
    zeroed_tokens_.narrow(0, 0, slots)
        .addmm_(gradients.permute({1, 0, 2}).reshape({slots, -1}), values);
  }

 private:
  const ReplacementRun& run_;
  const Sources& sources_;
  DeviceSources& matrices_;
  at::Tensor edges_, zeroed_tokens_;
};

std::int64_t type_bytes(at::ScalarType type) {
  return static_cast<std::int64_t>(at::elementSize(type));
}

}  // namespace

DeviceRows::DeviceRows(const ReplacementRun& run, Sources& sources, at::ScalarType products,
                       bool resident_sources)
    : run_(run),
      sources_(sources),
      sums_(sum_type(products)),
      biases_(host_bias_stream(run)),
      matrices_(run, sources, resident_sources),
      backward_(run, products) {
  for (int i = 0; i < 2; ++i) {
    flights_.push_back(
        {.batch = BackwardBatch({}, run.n_layers(), 0), .lane = CopyLane(run.device())});
  }
}

std::int64_t DeviceRows::host_bytes_per_row(const ReplacementRun& run,
                                            const DeviceColumns& columns) {
  return (columns.size() + run.zero_positions) * type_bytes(sum_type(run.model->dtype));
}

std::int64_t DeviceRows::bytes_per_row(const ReplacementRun& run, const DeviceColumns& columns) {
  // Of bf16 the product of a layer is there in that type too, before it is added.
  const bool rounds = run.model->dtype != sum_type(run.model->dtype);
  return DeviceBackward::bytes_per_row(run) + 2 * host_bytes_per_row(run, columns) +
         (rounds ? columns.size() * type_bytes(run.model->dtype) : 0);
}

void DeviceRows::launch(Flight& flight) {
  const BackwardBatch& batch = flight.batch;
  const std::int64_t columns = matrices_.columns().size();
  const std::int64_t size =
      batch.size() * (batch.carried_positions() * columns + batch.zero_positions());
  flight.device =
      reuse_buffer(flight.device, {size}, at::TensorOptions().dtype(sums_).device(run_.device()));
  flight.host = reuse_buffer(flight.host, {size}, host_options(run_.device(), sums_));
  flight.device.zero_();
  DeviceEdgeSink sink(run_, sources_, matrices_, edges_of(flight.device, batch, columns),
                      zeroed_tokens_of(flight.device, batch));
  backward_.sweep(batch, upload(flight.targets.covectors, run_.device()), sink);
  flight.lane.start(flight.host, flight.device);
  flight.under_way = true;
}

void DeviceRows::add_rows(const RowTargets& targets, std::span<const std::int64_t> nodes,
                          RowStore& store) {
  Flight& flight = flights_[next_ % 2];
  flight.targets = targets;
  flight.nodes.assign(nodes.begin(), nodes.end());
  flight.batch = BackwardBatch(targets.reads, run_.n_layers(), run_.zero_positions, targets.kind);
  launch(flight);
  land(flights_[++next_ % 2], store);
}

void DeviceRows::finish(RowStore& store) {
  for (Flight& flight : flights_) land(flight, store);
}

template <class T>
void DeviceRows::sweep(const RowTargets& targets, std::span<T* const> rows) {
  Flight flight = {
      .batch = BackwardBatch(targets.reads, run_.n_layers(), run_.zero_positions, targets.kind),
      .targets = targets,
      .lane = CopyLane(run_.device())};
  launch(flight);
  flight.lane.wait();
  scatter<T>(flight, rows);
}

void DeviceRows::land(Flight& flight, RowStore& store) {
  if (!flight.under_way) return;
  flight.under_way = false;
  flight.lane.wait();
  if (sums_ == at::kDouble) {
    append_rows<double>(flight.targets, flight.nodes, biases_, store,
                        [&](std::span<double* const> rows) { scatter<double>(flight, rows); });
  } else {
    append_rows<float>(flight.targets, flight.nodes, biases_, store,
                       [&](std::span<float* const> rows) { scatter<float>(flight, rows); });
  }
}

template <class T>
void DeviceRows::scatter(const Flight& flight, std::span<T* const> rows) const {
  const std::int64_t slots = flight.batch.size();
  parallel_tasks(
      static_cast<std::size_t>((slots + kSlotsPerTask - 1) / kSlotsPerTask), [&](std::size_t task) {
        const std::int64_t first = static_cast<std::int64_t>(task) * kSlotsPerTask;
        for (std::int64_t slot = first; slot < std::min(slots, first + kSlotsPerTask); ++slot) {
          scatter_row(flight, slot, rows[static_cast<std::size_t>(flight.batch.target(slot))]);
        }
      });
}

template <class T>
void DeviceRows::scatter_row(const Flight& flight, std::int64_t slot, T* row) const {
  const BackwardBatch& batch = flight.batch;
  const ReadPoint& read = batch.read(slot);
  const ColumnLayout& to = sources_.columns();
  const DeviceColumns& from = matrices_.columns();
  const std::int64_t zeroed = batch.zero_positions();
  const T* memory = flight.host.data_ptr<T>();
  for (std::int64_t q = zeroed; q <= read.position; ++q) {
    const T* edges = memory + ((q - zeroed) * batch.size() + slot) * from.size();
    for (std::int64_t layer = 0; layer < read.layer; ++layer) {
      std::copy_n(edges + from.begin(layer), to.feature_count(layer, q),
                  row + to.features_begin(read, layer, q));
      row[to.error_place(read, layer, q)] = edges[from.error(layer)];
    }
    row[to.token_place(read, q)] = edges[from.token()];
  }
  const T* tokens = memory + flight.host.numel() - (batch.size() - slot) * zeroed;
  std::copy_n(tokens, zeroed, row + to.token_place(read, 0));
}

template void DeviceRows::sweep<float>(const RowTargets&, std::span<float* const>);
template void DeviceRows::sweep<double>(const RowTargets&, std::span<double* const>);

}  // namespace circuit
