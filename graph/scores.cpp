#include "graph/scores.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include <tbb/parallel_for.h>

#include "graph/influence.h"

namespace circuit {
namespace {

/// Scores where only the nodes of `rows` (empty = all) pass on what arrives. Features that do not
/// are seen as the error of their layer and position, by their readers and as ends of paths.
Scores scores_of(const AttributionGraph& graph, std::span<const std::uint8_t> rows) {
  const auto unexplained = [&](std::size_t source) {
    if (source < graph.first_error()) return !rows.empty() && rows[source] == 0;
    return source < graph.first_token();
  };
  const EdgeMatrix& edges = graph.edges();
  const Flow flow = compute_flow(graph, {.rows = rows, .sources = {}});
  const std::vector<double> weights = graph.target_weights();

  std::vector<double> error_share(graph.n_nodes(), 0.0);
  tbb::parallel_for(std::size_t{0}, graph.n_nodes(), [&](std::size_t row) {
    if (flow.row_sums[row] == 0.0) return;
    double from_errors = 0.0;
    for (std::size_t edge = edges.begin(row); edge < edges.end(row); ++edge) {
      if (!unexplained(static_cast<std::size_t>(edges.columns[edge]))) continue;
      from_errors += std::abs(static_cast<double>(edges.weights[edge]));
    }
    error_share[row] = from_errors / flow.row_sums[row];
  });

  double errors = 0.0, tokens = 0.0, explained = 0.0, total = 0.0, all = 0.0;
  for (std::size_t node = 0; node < graph.n_nodes(); ++node) {
    const double influence = flow.influence[node], weight = influence + weights[node];
    if (graph.kind(node) == NodeKind::kToken) tokens += influence;
    if (unexplained(node)) errors += influence;
    explained += (1.0 - error_share[node]) * weight;
    total += weight;
    all += influence;
  }
  Scores scores;
  if (tokens + errors > 0.0) scores.replacement = tokens / (tokens + errors);
  // A graph whose targets read nothing has weight but no influence.
  if (all > 0.0) scores.completeness = explained / total;
  return scores;
}

}  // namespace

Scores compute_scores(const AttributionGraph& graph) { return scores_of(graph, {}); }

Scores compute_scores(const AttributionGraph& graph, std::span<const std::uint8_t> node_mask) {
  if (node_mask.size() != graph.n_nodes()) {
    throw std::invalid_argument("[compute_scores] mask of " + std::to_string(node_mask.size()) +
                                " for " + std::to_string(graph.n_nodes()) + " nodes");
  }
  // Removed errors stay errors, which have no rows; tokens and targets stay.
  std::vector<std::uint8_t> rows(node_mask.begin(), node_mask.end());
  std::fill(rows.begin() + static_cast<std::ptrdiff_t>(graph.first_error()), rows.end(),
            std::uint8_t{1});
  return scores_of(graph, rows);
}

}  // namespace circuit
