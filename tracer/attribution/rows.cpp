#include "tracer/attribution/rows.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "tracer/attribution/append_rows.h"
#include "tracer/attribution/edge_sink.h"
#include "tracer/machine/threads.h"
#include "transcoders/product.h"

namespace circuit {

RowComputer::RowComputer(const ReplacementRun& run, Sources& sources, at::ScalarType products)
    : run_(run),
      sources_(sources),
      biases_(host_bias_stream(run)),
      products_(products),
      backward_(run, products) {}

std::int64_t RowComputer::bytes_per_target(const ReplacementRun& run, std::int64_t position) {
  return LinearBackward::bytes_per_target(run, position);
}

std::int64_t RowComputer::scratch_bytes(const ReplacementRun& run, const Sources& sources) {
  const ColumnLayout& columns = sources.columns();
  std::int64_t most = 0;
  for (std::int64_t q = 0; q < run.n_positions(); ++q) {
    std::int64_t writing = 0;
    for (std::int64_t layer = 0; layer < run.n_layers(); ++layer) {
      const std::int64_t here = columns.feature_count(layer, q);
      writing = run.transcoders->info().cross_layer ? writing + here : here;
      most = std::max(most, writing + 1);
    }
  }
  const std::int64_t of_one = sum_type(run.model->dtype) == at::kDouble
                                  ? EdgeSink<double>::scratch_bytes(run.model->config.d_model, most)
                                  : EdgeSink<float>::scratch_bytes(run.model->config.d_model, most);
  const std::int64_t streamed = run.decoders.kept() ? 0 : run.decoders.largest_layer_bytes();
  return LinearBackward::scratch_bytes(run, run.n_positions()) + streamed + sources.kept_bytes() +
         of_one * static_cast<std::int64_t>(worker_count());
}

template <class T>
void RowComputer::sweep(const RowTargets& targets, std::span<T* const> rows) {
  const BackwardBatch batch(targets.reads, run_.n_layers(), run_.zero_positions, targets.kind);
  EdgeSink<T> sink(sources_, batch, products_, rows);
  backward_.sweep(batch, targets.covectors, sink);
}

template void RowComputer::sweep<float>(const RowTargets&, std::span<float* const>);
template void RowComputer::sweep<double>(const RowTargets&, std::span<double* const>);

void RowComputer::add_rows(const RowTargets& targets, std::span<const std::int64_t> nodes,
                           RowStore& store) {
  if (sum_type(products_) == at::kDouble) {
    append_rows<double>(targets, nodes, biases_, store,
                        [&](std::span<double* const> rows) { sweep<double>(targets, rows); });
  } else {
    append_rows<float>(targets, nodes, biases_, store,
                       [&](std::span<float* const> rows) { sweep<float>(targets, rows); });
  }
}

}  // namespace circuit
