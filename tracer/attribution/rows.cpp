#include "tracer/attribution/rows.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <ATen/ATen.h>

#include "tracer/attribution/edge_sink.h"
#include "tracer/machine/threads.h"
#include "transcoders/product.h"

namespace circuit {
namespace {

constexpr std::size_t kRowsPerTask = 64;

struct RowSums {
  double total = 0.0, absolute = 0.0;
};

// In double, over eight running sums, so that the loop runs in vector registers and its order is
// always the same.
template <class T>
RowSums sum_row(const T* values, std::size_t count) {
  std::array<double, 8> total{}, absolute{};
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) {
      const auto value = static_cast<double>(values[i + lane]);
      total[lane] += value;
      absolute[lane] += std::abs(value);
    }
  }
  for (; i < count; ++i) {
    total[i % 8] += static_cast<double>(values[i]);
    absolute[i % 8] += std::abs(static_cast<double>(values[i]));
  }
  RowSums sums;
  for (std::size_t lane = 0; lane < 8; ++lane) {
    sums.total += total[lane];
    sums.absolute += absolute[lane];
  }
  return sums;
}

// Sums are taken before rows are rounded to float.
template <class T>
void finish_rows(std::span<T* const> computed, std::size_t first, RowStore& store) {
  const std::size_t count = computed.size();
  store.totals.totals.resize(first + count);
  store.totals.absolute_totals.resize(first + count);
  parallel_tasks((count + kRowsPerTask - 1) / kRowsPerTask, [&](std::size_t task) {
    const std::size_t begin = task * kRowsPerTask;
    for (std::size_t i = begin; i < std::min(count, begin + kRowsPerTask); ++i) {
      const std::span<float> stored = store.values(first + i);
      const RowSums sums = sum_row(computed[i], stored.size());
      store.totals.totals[first + i] = sums.total;
      store.totals.absolute_totals[first + i] = sums.absolute;
      if constexpr (!std::is_same_v<T, float>) {
        std::transform(computed[i], computed[i] + stored.size(), stored.begin(),
                       [](T value) { return static_cast<float>(value); });
      }
    }
  });
}

}  // namespace

RowComputer::RowComputer(const ReplacementRun& run, Sources& sources, at::ScalarType products)
    : run_(run),
      sources_(sources),
      biases_(bias_stream(run)),
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
  const std::int64_t of_one =
      sum_type(run.model->dtype) == at::kDouble
          ? EdgeSink<double>::scratch_bytes(run.model->config.d_model, most)
          : EdgeSink<float>::scratch_bytes(run.model->config.d_model, most);
  const std::int64_t streamed = run.decoders.kept() ? 0 : run.decoders.largest_layer_bytes();
  return LinearBackward::scratch_bytes(run, run.n_positions()) + streamed + sources.kept_bytes() +
         of_one * static_cast<std::int64_t>(worker_count());
}

template <class T>
void RowComputer::sweep(const RowTargets& targets, std::span<T* const> rows) {
  const BackwardBatch batch(targets.reads, run_.n_layers(), run_.zero_positions);
  EdgeSink<T> sink(sources_, batch, products_, rows);
  backward_.sweep(batch, targets.covectors, sink);
}

double RowComputer::bias_term(const RowTargets& targets, std::size_t i) const {
  const ReadPoint& read = targets.reads[i];
  const at::Tensor& bias = read.layer == run_.n_layers()
                               ? biases_.final_read
                               : biases_.reads[static_cast<std::size_t>(read.layer)];
  const at::Tensor covector =
      targets.covectors.select(0, static_cast<std::int64_t>(i)).to(bias.scalar_type());
  return at::dot(covector, bias.select(0, read.position)).item<double>() + targets.constants[i];
}

void RowComputer::add_rows(const RowTargets& targets, std::span<const std::int64_t> nodes,
                           RowStore& store) {
  const std::size_t first = store.add(targets.reads, nodes);
  const std::size_t count = nodes.size();
  if (sum_type(products_) == at::kDouble) {
    std::vector<std::vector<double>> memory;
    std::vector<double*> rows;
    for (std::size_t i = 0; i < count; ++i) {
      memory.emplace_back(store.values(first + i).size(), 0.0);
      rows.push_back(memory.back().data());
    }
    sweep<double>(targets, rows);
    finish_rows<double>(rows, first, store);
  } else {
    std::vector<float*> rows;
    for (std::size_t i = 0; i < count; ++i) rows.push_back(store.values(first + i).data());
    sweep<float>(targets, rows);
    finish_rows<float>(rows, first, store);
  }
  for (std::size_t i = 0; i < count; ++i) {
    store.totals.bias_terms.push_back(bias_term(targets, i));
    store.totals.pre_activations.push_back(targets.pre_activations[i]);
    store.release(first + i);
  }
}

}  // namespace circuit
