#include "graph/predicted_change.h"

#include <algorithm>
#include <cmath>

#include "graph/influence.h"

namespace circuit {
namespace {

// Rows of the sources' readers come later than the source, so one sweep upwards reaches all. `flow`
// gives what a row receives from (weight, what flows out of its column).
template <typename RowValue, typename OutOf>
std::vector<double> sweep(const AttributionGraph& graph, std::size_t source, double out_of_source,
                          RowValue&& row_value, OutOf&& out_of) {
  std::vector<double> moved(graph.n_nodes(), 0.0), out(graph.n_nodes(), 0.0);
  out[source] = out_of_source;
  for (std::size_t row = source + 1; row < graph.n_nodes(); ++row) {
    if (graph.edges().size(row) == 0) continue;
    moved[row] = row_value(row, out);
    if (row < graph.n_features()) out[row] = out_of(row, moved[row]);
  }
  return moved;
}

double weighted_sum(const AttributionGraph& graph, std::size_t row,
                    const std::vector<double>& out) {
  const auto columns = graph.edges().row_columns(row);
  const auto weights = graph.edges().row_weights(row);
  double sum = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    sum += weights[i] * out[static_cast<std::size_t>(columns[i])];
  }
  return sum;
}

}  // namespace

std::vector<double> direct_change(const AttributionGraph& graph, std::size_t source,
                                  double change) {
  const auto row_value = [&](std::size_t row, const std::vector<double>&) {
    const auto edge = graph.edges().find(row, source);
    return edge ? change * graph.edges().weights[*edge] : 0.0;
  };
  return sweep(graph, source, change, row_value, [](std::size_t, double) { return 0.0; });
}

std::vector<double> total_change(const AttributionGraph& graph, std::size_t source, double change) {
  const auto row_value = [&](std::size_t row, const std::vector<double>& out) {
    return weighted_sum(graph, row, out);
  };
  // An edge is its source's activation times a gain, so it moves as the activation does.
  const auto out_of = [&](std::size_t row, double moved) {
    const double activation = graph.activation(row);
    return activation == 0.0 ? 0.0 : moved / activation;
  };
  return sweep(graph, source, change, row_value, out_of);
}

std::vector<double> influence_on_all(const AttributionGraph& graph, std::size_t source) {
  const auto row_value = [&](std::size_t row, const std::vector<double>& out) {
    const auto columns = graph.edges().row_columns(row);
    const auto weights = graph.edges().row_weights(row);
    double sum = 0, all = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const double magnitude = std::abs(weights[i]);
      sum += magnitude * out[static_cast<std::size_t>(columns[i])];
      all += magnitude;
    }
    return sum / std::max(all, kRowFloor);
  };
  return sweep(graph, source, 1.0, row_value, [](std::size_t, double share) { return share; });
}

}  // namespace circuit
