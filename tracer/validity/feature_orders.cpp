#include "tracer/validity/feature_orders.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include <ATen/ATen.h>

#include "graph/influence.h"

namespace circuit {

std::vector<double> direct_edge_scores(const AttributionGraph& graph) {
  std::vector<double> scores(graph.n_features(), 0.0);
  for (std::size_t target = graph.first_target(); target < graph.n_nodes(); ++target) {
    const auto columns = graph.edges().row_columns(target);
    const auto weights = graph.edges().row_weights(target);
    double sum = 0;
    for (const float weight : weights) sum += std::abs(weight);
    const double factor = graph.target(target).probability / std::max(sum, kRowFloor);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto source = static_cast<std::size_t>(columns[i]);
      if (source < scores.size()) scores[source] += factor * std::abs(weights[i]);
    }
  }
  return scores;
}

std::vector<double> activation_scores(const ReplacementRun& run, const AttributionGraph& graph) {
  std::vector<at::Tensor> squares;  // of decoder rows, of all active features
  for (std::int64_t from = 0; from < run.n_layers(); ++from) {
    const at::Tensor& index = run.decoders.index(from);
    at::Tensor sum = at::zeros({index.numel()}, at::kDouble);
    for (std::int64_t into = from; into <= run.transcoders->last_written_layer(from); ++into) {
      sum += run.decoders.rows(from, into).to(at::kDouble).square().sum(1).index_select(0, index);
    }
    squares.push_back(sum);
  }
  const at::Tensor scores =
      run.features.activations.to(at::kDouble).abs() * at::cat(squares).sqrt();
  std::vector<double> selected;
  for (const std::int32_t active : graph.nodes().selected_features) {
    selected.push_back(scores.data_ptr<double>()[active]);
  }
  return selected;
}

std::vector<std::size_t> descending_order(std::span<const double> scores) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  });
  return order;
}

std::vector<std::size_t> random_order(std::size_t count, std::uint64_t seed) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937_64 random(seed);
  for (std::size_t i = 0; i + 1 < count; ++i) {
    std::swap(order[i], order[i + random() % (count - i)]);
  }
  return order;
}

}  // namespace circuit
