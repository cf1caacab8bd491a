#include "tracer/attribution/append_rows.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>
#include <vector>

#include <ATen/ATen.h>

#include "tracer/machine/threads.h"

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

double bias_term(const FrozenStream& biases, const RowTargets& targets, std::size_t i) {
  const ReadPoint& read = targets.reads[i];
  const auto layer = static_cast<std::size_t>(read.layer);
  const at::Tensor& bias = layer == biases.reads.size() ? biases.final_read : biases.reads[layer];
  const at::Tensor covector =
      targets.covectors.select(0, static_cast<std::int64_t>(i)).to(bias.scalar_type());
  return at::dot(covector, bias.select(0, read.position)).item<double>() + targets.constants[i];
}

}  // namespace

FrozenStream host_bias_stream(const ReplacementRun& run) {
  FrozenStream stream = bias_stream(run);
  for (at::Tensor& read : stream.reads) read = read.to(at::kCPU);
  stream.final_read = stream.final_read.to(at::kCPU);
  return stream;
}

template <class T>
void append_rows(const RowTargets& targets, std::span<const std::int64_t> nodes,
                 const FrozenStream& biases, RowStore& store,
                 const std::function<void(std::span<T* const>)>& fill) {
  const std::size_t first = store.add(targets.reads, nodes);
  const std::size_t count = nodes.size();
  std::vector<std::vector<T>> memory;
  std::vector<T*> rows;
  for (std::size_t i = 0; i < count; ++i) {
    if constexpr (std::is_same_v<T, float>) {
      rows.push_back(store.values(first + i).data());
    } else {
      memory.emplace_back(store.values(first + i).size(), T{0});
      rows.push_back(memory.back().data());
    }
  }
  fill(rows);
  finish_rows<T>(rows, first, store);
  for (std::size_t i = 0; i < count; ++i) {
    store.totals.bias_terms.push_back(bias_term(biases, targets, i));
    store.totals.pre_activations.push_back(targets.pre_activations[i]);
    store.release(first + i);
  }
}

template void append_rows<float>(const RowTargets&, std::span<const std::int64_t>,
                                 const FrozenStream&, RowStore&,
                                 const std::function<void(std::span<float* const>)>&);
template void append_rows<double>(const RowTargets&, std::span<const std::int64_t>,
                                  const FrozenStream&, RowStore&,
                                  const std::function<void(std::span<double* const>)>&);

}  // namespace circuit
