#include "graph/scores.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "graph/influence.h"

namespace circuit {
namespace {

double sum(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

/// Scores with the sources of `edges`, which may differ from the graph's own.
Scores scores_of(const AttributionGraph& graph, const EdgeMatrix& edges) {
  std::vector<std::int64_t> row_nodes(graph.n_nodes());
  std::iota(row_nodes.begin(), row_nodes.end(), std::int64_t{0});
  const std::vector<double> weights = graph.target_weights();
  const std::vector<double> influence = sweep_influence(edges, row_nodes, weights, kRowFloor);
  const std::span<const double> all(influence);
  const double errors = sum(all.subspan(graph.first_error(), graph.n_errors()));
  const double tokens = sum(all.subspan(graph.first_token(), graph.n_positions()));

  const std::vector<double> sums = row_absolute_sums(edges);
  double explained = 0.0, total = 0.0;
  for (std::size_t row = 0; row < graph.n_nodes(); ++row) {
    double from_errors = 0.0;
    for (std::size_t edge = edges.begin(row); edge < edges.end(row); ++edge) {
      const auto source = static_cast<std::size_t>(edges.columns[edge]);
      if (graph.kind(source) != NodeKind::kError) continue;
      from_errors += std::abs(static_cast<double>(edges.weights[edge]));
    }
    const double weight = influence[row] + weights[row];
    explained += (1.0 - from_errors / std::max(sums[row], kRowFloor)) * weight;
    total += weight;
  }

  Scores scores;
  if (tokens + errors > 0.0) scores.replacement = tokens / (tokens + errors);
  // A graph whose targets read nothing has weight but no influence.
  if (sum(all) > 0.0) scores.completeness = explained / total;
  return scores;
}

}  // namespace

Scores compute_scores(const AttributionGraph& graph) { return scores_of(graph, graph.edges()); }

Scores compute_scores(const AttributionGraph& graph, std::span<const std::uint8_t> node_mask) {
  if (node_mask.size() != graph.n_nodes()) {
    throw std::invalid_argument("[compute_scores] mask of " + std::to_string(node_mask.size()) +
                                " for " + std::to_string(graph.n_nodes()) + " nodes");
  }
  // Without influence the rows of removed features weigh nothing, so only sources are replaced.
  EdgeMatrix edges = graph.edges();
  for (std::int32_t& column : edges.columns) {
    const auto source = static_cast<std::size_t>(column);
    if (source >= graph.n_features() || node_mask[source] != 0) continue;
    const Node feature = graph.node(source);
    column = static_cast<std::int32_t>(graph.error_node(
        static_cast<std::size_t>(feature.layer), static_cast<std::size_t>(feature.position)));
  }
  return scores_of(graph, edges);
}

}  // namespace circuit
