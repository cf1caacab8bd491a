#include "tracer/study/traced_prompt.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "graph/influence.h"

namespace circuit {
namespace {

// What reaches each node straight from the targets [n_nodes].
std::vector<double> direct_influence(const AttributionGraph& graph) {
  std::vector<double> direct(graph.n_nodes(), 0.0);
  const std::vector<double> weights = graph.target_weights();
  for (std::size_t row = graph.first_target(); row < graph.n_nodes(); ++row) {
    const auto columns = graph.edges().row_columns(row);
    const auto edges = graph.edges().row_weights(row);
    double sum = 0;
    for (const float edge : edges) sum += std::abs(static_cast<double>(edge));
    for (std::size_t i = 0; i < columns.size(); ++i) {
      direct[static_cast<std::size_t>(columns[i])] +=
          weights[row] * std::abs(static_cast<double>(edges[i])) / std::max(sum, kRowFloor);
    }
  }
  return direct;
}

}  // namespace

std::vector<TracedFeature> traced_features(const AttributionGraph& graph) {
  const GraphNodes& nodes = graph.nodes();
  const std::vector<double> influence = compute_influence(graph), direct = direct_influence(graph);
  std::vector<TracedFeature> features(nodes.active_features.size());
  for (std::size_t i = 0; i < features.size(); ++i) {
    const ActiveFeature& active = nodes.active_features[i];
    features[i] = {.layer = active.layer,
                   .position = active.position,
                   .feature = active.feature,
                   .activation = nodes.activation_values[i]};
  }
  for (std::size_t node = 0; node < graph.n_features(); ++node) {
    TracedFeature& feature = features[static_cast<std::size_t>(nodes.selected_features[node])];
    feature.influence = influence[node];
    if (influence[node] > 0) feature.direct_share = direct[node] / influence[node];
  }
  return features;
}

}  // namespace circuit
