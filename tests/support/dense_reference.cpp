#include "tests/support/dense_reference.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace circuit::testing {
namespace {

double sum(const Row& row) { return std::accumulate(row.begin(), row.end(), 0.0); }

Row times(const Row& left, const Matrix& matrix) {
  Row product(left.size(), 0.0);
  for (std::size_t row = 0; row < left.size(); ++row) {
    for (std::size_t column = 0; column < left.size(); ++column) {
      product[column] += left[row] * matrix[row][column];
    }
  }
  return product;
}

/// The score at the threshold, of all scores, zeros included.
double find_threshold(Row scores, double share) {
  std::ranges::sort(scores, std::greater<>());
  const double total = sum(scores);
  if (!(total > 0.0)) return std::numeric_limits<double>::infinity();
  if (share == 1.0) return std::numeric_limits<double>::min();
  double running = 0.0;
  for (const double score : scores) {
    running += score;
    if (running / total >= share) return score;
  }
  return scores.back();
}

bool keeps(double score, double threshold) { return score > 0.0 && score >= threshold; }

/// One round of the clean-up on what both masks hold; true when a node went.
bool drop_loose_nodes(const AttributionGraph& graph, DensePruned& pruned) {
  const std::vector<std::uint8_t> before = pruned.nodes;
  const std::size_t n = graph.n_nodes();
  for (std::size_t node = 0; node < graph.first_token(); ++node) {
    bool read = false, fed = graph.kind(node) == NodeKind::kError;
    for (std::size_t other = 0; other < n; ++other) {
      read = read || pruned.edges[other][node] != 0;
      fed = fed || pruned.edges[node][other] != 0;
    }
    if (!read || !fed) pruned.nodes[node] = 0;
  }
  for (std::size_t row = 0; row < n; ++row) {
    for (std::size_t column = 0; column < n; ++column) {
      if (pruned.nodes[row] == 0 || pruned.nodes[column] == 0) pruned.edges[row][column] = 0;
    }
  }
  return pruned.nodes != before;
}

}  // namespace

Matrix dense_adjacency(const AttributionGraph& graph) {
  Matrix matrix(graph.n_nodes(), Row(graph.n_nodes(), 0.0));
  for (std::size_t row = 0; row < graph.n_nodes(); ++row) {
    const auto columns = graph.edges().row_columns(row);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      matrix[row][static_cast<std::size_t>(columns[i])] =
          static_cast<double>(graph.edges().row_weights(row)[i]);
    }
  }
  return matrix;
}

Matrix normalise(const Matrix& adjacency) {
  Matrix matrix = adjacency;
  for (Row& row : matrix) {
    for (double& value : row) value = std::abs(value);
    const double total = std::max(sum(row), 1e-10);
    for (double& value : row) value /= total;
  }
  return matrix;
}

Row influence_by_powers(const Matrix& normalised, const Row& weights) {
  Row term = times(weights, normalised), influence = term;
  for (std::size_t step = 0; std::ranges::any_of(term, [](double t) { return t != 0.0; }); ++step) {
    if (step > normalised.size()) throw std::runtime_error("[influence_by_powers] no end");
    term = times(term, normalised);
    for (std::size_t node = 0; node < term.size(); ++node) influence[node] += term[node];
  }
  return influence;
}

Row influence_by_substitution(const Matrix& normalised, const Row& weights,
                              const AttributionGraph& graph) {
  Row influence(weights.size(), 0.0);
  for (std::size_t row = graph.n_nodes(); row-- > 0;) {
    for (std::size_t column = 0; column < graph.n_nodes(); ++column) {
      influence[column] += normalised[row][column] * (influence[row] + weights[row]);
    }
  }
  return influence;
}

DensePruned prune_dense(const AttributionGraph& graph, double node_threshold,
                        double edge_threshold) {
  const std::size_t n = graph.n_nodes();
  const Row weights = graph.target_weights();
  Matrix adjacency = dense_adjacency(graph);
  const Row influence = influence_by_substitution(normalise(adjacency), weights, graph);
  const double node_score = find_threshold(influence, node_threshold);
  DensePruned pruned{std::vector<std::uint8_t>(n, 1), {}};
  for (std::size_t node = 0; node < graph.first_token(); ++node) {
    pruned.nodes[node] = keeps(influence[node], node_score) ? 1 : 0;
  }

  for (std::size_t row = 0; row < n; ++row) {
    for (std::size_t column = 0; column < n; ++column) {
      if (pruned.nodes[row] == 0 || pruned.nodes[column] == 0) adjacency[row][column] = 0.0;
    }
  }
  Matrix scores = normalise(adjacency);
  const Row kept_influence = influence_by_substitution(scores, weights, graph);
  Row flat;
  for (std::size_t row = 0; row < n; ++row) {
    for (double& score : scores[row]) score *= kept_influence[row] + weights[row];
    flat.insert(flat.end(), scores[row].begin(), scores[row].end());
  }
  const double edge_score = find_threshold(std::move(flat), edge_threshold);
  pruned.edges.assign(n, std::vector<std::uint8_t>(n, 0));
  for (std::size_t row = 0; row < n; ++row) {
    for (std::size_t column = 0; column < n; ++column) {
      pruned.edges[row][column] = keeps(scores[row][column], edge_score) ? 1 : 0;
    }
  }
  while (drop_loose_nodes(graph, pruned)) {
  }
  return pruned;
}

DenseScores scores_dense(const AttributionGraph& graph,
                         const std::vector<std::uint8_t>& node_mask) {
  Matrix adjacency = dense_adjacency(graph);
  for (std::size_t feature = 0; feature < graph.n_features(); ++feature) {
    if (node_mask[feature] != 0) continue;
    const Node node = graph.node(feature);
    const std::size_t error = graph.error_node(static_cast<std::size_t>(node.layer),
                                               static_cast<std::size_t>(node.position));
    for (Row& row : adjacency) {
      row[error] = std::abs(row[error]) + std::abs(row[feature]);
      row[feature] = 0.0;
    }
    std::ranges::fill(adjacency[feature], 0.0);
  }
  const Matrix normalised = normalise(adjacency);
  const Row weights = graph.target_weights();
  const Row influence = influence_by_powers(normalised, weights);
  double tokens = 0.0, errors = 0.0, explained = 0.0, total = 0.0;
  for (std::size_t node = 0; node < graph.n_nodes(); ++node) {
    if (graph.kind(node) == NodeKind::kToken) tokens += influence[node];
    if (graph.kind(node) == NodeKind::kError) errors += influence[node];
    double from_errors = 0.0;
    for (std::size_t e = graph.first_error(); e < graph.first_token(); ++e) {
      from_errors += normalised[node][e];
    }
    explained += (1.0 - from_errors) * (influence[node] + weights[node]);
    total += influence[node] + weights[node];
  }
  return {tokens / (tokens + errors), explained / total};
}

}  // namespace circuit::testing
