#include "tracer/attribution/check_predictions.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <stdexcept>

#include <ATen/ATen.h>

#include "tracer/replacement/linear_forward.h"
#include "transcoders/product.h"

namespace circuit {
namespace {

// The source's vector, where it enters the frozen network.
FrozenInput source_input(const ReplacementRun& run, const AttributionGraph& graph,
                         std::size_t source) {
  const Node node = graph.node(source);
  const at::Tensor blank = at::zeros_like(run.record.token_embeddings);
  FrozenInput input;
  if (node.kind == NodeKind::kToken) {
    input.embedding = blank.clone();
    input.embedding.select(0, node.position)
        .copy_(run.record.token_embeddings.select(0, node.position));
    return input;
  }
  input.written.resize(static_cast<std::size_t>(run.n_layers()));
  const auto layer = static_cast<std::size_t>(node.layer);
  const auto put = [&](std::size_t at_layer, const at::Tensor& vector) {
    input.written[at_layer] = blank.clone();
    input.written[at_layer].select(0, node.position).copy_(vector);
  };
  if (node.kind == NodeKind::kError) {
    put(layer, run.errors[layer].select(0, node.position));
    return input;
  }
  const std::int64_t active = graph.nodes().selected_features[source];
  const std::int64_t last = run.transcoders->last_written_layer(node.layer);
  for (std::int64_t into = node.layer; into <= last; ++into) {
    const ScaledRows written = run.written_rows(node.layer, into);
    at::Tensor row = at::empty({1, written.rows.size(1)}, written.rows.options());
    gather_scaled_rows(row, written, active - run.features.layer_offsets[layer], 1);
    put(static_cast<std::size_t>(into), row.select(0, 0));
  }
  return input;
}

// Covectors of every row, grouped by the layer where they are read.
class Readers {
 public:
  Readers(const ReplacementRun& run, const AttributionGraph& graph,
          const at::Tensor& target_covectors)
      : run_(run), graph_(graph), targets_(target_covectors) {
    const auto n_layers = static_cast<std::size_t>(run.n_layers());
    std::vector<std::vector<std::int64_t>> features(n_layers);
    positions_.resize(n_layers);
    for (std::size_t i = 0; i < graph.n_features(); ++i) {
      const Node node = graph.node(i);
      features[static_cast<std::size_t>(node.layer)].push_back(node.feature);
      positions_[static_cast<std::size_t>(node.layer)].push_back(node.position);
    }
    for (std::size_t layer = 0; layer < n_layers; ++layer) {
      encoders_.push_back(run.transcoders->encoder_rows(static_cast<std::int64_t>(layer),
                                                        at::tensor(features[layer], at::kLong)));
    }
  }

  /// How far each feature row and then each target row moves.
  std::vector<double> moves(const FrozenStream& stream) const {
    std::vector<double> moved;
    const auto append = [&](const at::Tensor& values) {
      const at::Tensor plain = values.to(at::kDouble).contiguous();
      moved.insert(moved.end(), plain.data_ptr<double>(), plain.data_ptr<double>() + plain.numel());
    };
    for (std::size_t layer = 0; layer < encoders_.size(); ++layer) {
      const at::Tensor at_positions = stream.reads[layer].to(at::kCPU).index_select(
          0, at::tensor(positions_[layer], at::kLong));
      append((encoders_[layer] * at_positions).sum(1));
    }
    append(at::mv(targets_, stream.final_read.select(0, run_.n_positions() - 1).to(at::kCPU)));
    return moved;
  }

  std::size_t row(std::size_t i) const {
    return i < graph_.n_features() ? i : i - graph_.n_features() + graph_.first_target();
  }

 private:
  const ReplacementRun& run_;
  const AttributionGraph& graph_;
  at::Tensor targets_;
  std::vector<at::Tensor> encoders_;
  std::vector<std::vector<std::int64_t>> positions_;
};

std::vector<std::size_t> draw_sources(const AttributionGraph& graph, std::int64_t samples,
                                      std::uint64_t seed) {
  std::vector<std::size_t> sources(graph.first_target());
  std::iota(sources.begin(), sources.end(), std::size_t{0});
  std::mt19937_64 random(seed);
  const std::size_t count = std::min(sources.size(), static_cast<std::size_t>(samples));
  for (std::size_t i = 0; i < count; ++i) {
    std::swap(sources[i], sources[i + random() % (sources.size() - i)]);
  }
  sources.resize(count);
  return sources;
}

double stored_edge(const AttributionGraph& graph, std::size_t row, std::size_t source) {
  const auto edge = graph.edges().find(row, source);
  return edge ? graph.edges().weights[*edge] : 0.0;
}

std::string describe(const Node& node) {
  static constexpr const char* kKinds[] = {"feature", "error", "token", "target"};
  return std::string(kKinds[static_cast<std::size_t>(node.kind)]) + " (layer " +
         std::to_string(node.layer) + ", position " + std::to_string(node.position) + ", " +
         std::to_string(node.feature) + ")";
}

double row_scale(const AttributionGraph& graph, std::size_t row, std::size_t index) {
  if (!graph.row_totals().absolute_totals.empty()) return graph.row_totals().absolute_totals[index];
  double sum = 0.0;
  for (const float weight : graph.edges().row_weights(row)) sum += std::abs(weight);
  return sum;
}

}  // namespace

void require_same_features(const ReplacementRun& run, const GraphNodes& nodes,
                           const char* operation) {
  const ActiveFeatureSet& now = run.features;
  bool same = now.layers.size() == nodes.active_features.size();
  for (std::size_t i = 0; same && i < now.layers.size(); ++i) {
    same =
        nodes.active_features[i] == ActiveFeature{now.layers[i], now.positions[i], now.features[i]};
  }
  if (!same) {
    throw std::invalid_argument(
        "[" + std::string(operation) + "] the model fires " + std::to_string(now.layers.size()) +
        " features on the graph's tokens, the graph has " +
        std::to_string(nodes.active_features.size()) +
        (now.layers.size() == nodes.active_features.size() ? " others" : "") +
        "; expected the model, transcoders and type that made it");
  }
}

std::vector<std::vector<double>> moved_rows(const ReplacementRun& run,
                                            const AttributionGraph& graph,
                                            const at::Tensor& target_covectors,
                                            std::span<const std::size_t> sources) {
  const Readers readers(run, graph, target_covectors);
  std::vector<std::vector<double>> moved;
  for (const std::size_t source : sources) {
    moved.push_back(
        readers.moves(linear_forward(run, source_input(run, graph, source), run.n_positions())));
  }
  return moved;
}

PredictionCheck check_predictions(const ReplacementRun& run, const AttributionGraph& graph,
                                  const at::Tensor& target_covectors, std::int64_t samples,
                                  std::uint64_t seed) {
  require_same_features(run, graph.nodes(), "verify");
  const Readers readers(run, graph, target_covectors);
  PredictionCheck check;
  for (const std::size_t source : draw_sources(graph, samples, seed)) {
    const std::vector<double> moved =
        readers.moves(linear_forward(run, source_input(run, graph, source), run.n_positions()));
    ++check.perturbed_sources;
    for (std::size_t i = 0; i < moved.size(); ++i) {
      const std::size_t row = readers.row(i);
      const double scale = row_scale(graph, row, i);
      const double error =
          std::abs(moved[i] - stored_edge(graph, row, source)) / (scale > 0.0 ? scale : 1.0);
      ++check.checked_edges;
      if (error > check.largest_error || check.worst.empty()) {
        check.largest_error = error;
        check.worst = describe(graph.node(source)) + " -> " + describe(graph.node(row));
      }
    }
  }
  return check;
}

}  // namespace circuit
