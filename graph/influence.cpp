#include "graph/influence.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>

#include <tbb/parallel_for.h>
#include <tbb/parallel_sort.h>
#include <tbb/task_arena.h>

namespace circuit {
namespace {

// Fewer edges are swept faster than threads wake up.
constexpr std::size_t kFewEdges = 1 << 16;

void check(const AttributionGraph& graph, std::span<const std::uint8_t> mask) {
  if (mask.empty() || mask.size() == graph.n_nodes()) return;
  throw std::invalid_argument("[compute_flow] mask of " + std::to_string(mask.size()) + " for " +
                              std::to_string(graph.n_nodes()) + " nodes");
}

bool has(std::span<const std::uint8_t> mask, std::size_t node) {
  return mask.empty() || mask[node] != 0;
}

/// Sums of rows that pass something on, 0 for the others.
std::vector<double> sum_rows(const EdgeMatrix& edges, const FlowMasks& masks) {
  std::vector<double> sums(edges.rows(), 0.0);
  tbb::parallel_for(std::size_t{0}, edges.rows(), [&](std::size_t row) {
    if (!has(masks.rows, row)) return;
    double sum = 0.0;
    for (std::size_t edge = edges.begin(row); edge < edges.end(row); ++edge) {
      if (has(masks.sources, static_cast<std::size_t>(edges.columns[edge]))) {
        sum += std::abs(static_cast<double>(edges.weights[edge]));
      }
    }
    if (sum > 0.0) sums[row] = std::max(sum, kRowFloor);
  });
  return sums;
}

/// Rows [first, last) none of which reads another: those of the features of one layer, or of the
/// targets.
struct RowGroup {
  std::size_t first = 0;
  std::size_t last = 0;
};

/// From the targets down to the lowest layer.
std::vector<RowGroup> groups_of(const AttributionGraph& graph) {
  std::vector<RowGroup> groups{{graph.first_target(), graph.n_nodes()}};
  for (std::size_t last = graph.n_features(); last > 0;) {
    const std::int32_t layer = graph.node(last - 1).layer;
    std::size_t first = last - 1;
    while (first > 0 && graph.node(first - 1).layer == layer) --first;
    groups.push_back({first, last});
    last = first;
  }
  return groups;
}

/// Columns 0 … `end` cut where the group's longest row has equally many, so that the parts take
/// about as long as each other [at most `parts` + 1].
std::vector<std::int32_t> cut_columns(const EdgeMatrix& edges, const RowGroup& group,
                                      std::int32_t end, std::size_t parts) {
  std::size_t longest = group.first;
  for (std::size_t row = group.first; row < group.last; ++row) {
    if (edges.size(row) > edges.size(longest)) longest = row;
  }
  const std::span<const std::int32_t> columns = edges.row_columns(longest);
  std::vector<std::int32_t> cuts{0};
  for (std::size_t part = 1; part < parts; ++part) {
    const std::int32_t cut = columns[columns.size() * part / parts];
    if (cut > cuts.back()) cuts.push_back(cut);
  }
  cuts.push_back(end);
  return cuts;
}

struct Sweep {
  const EdgeMatrix& edges;
  const FlowMasks& masks;
  Flow& flow;
  std::vector<double> arriving;  ///< influence + weight, of rows of the group that is swept

  /// Edges of the group from sources in [from, to).
  void run(const RowGroup& group, std::int32_t from, std::int32_t to) const {
    for (std::size_t row = group.last; row-- > group.first;) {
      const double sum = flow.row_sums[row];
      if (sum == 0.0) continue;
      const std::span<const std::int32_t> columns = edges.row_columns(row);
      const std::span<const float> weights = edges.row_weights(row);
      const auto start = std::ranges::lower_bound(columns, from);
      for (auto i = static_cast<std::size_t>(start - columns.begin());
           i < columns.size() && columns[i] < to; ++i) {
        const auto source = static_cast<std::size_t>(columns[i]);
        if (!has(masks.sources, source)) continue;
        // Divided first, as in M: equal shares of equal rows stay exactly equal.
        flow.influence[source] +=
            std::abs(static_cast<double>(weights[i])) / sum * arriving[row - group.first];
      }
    }
  }
};

}  // namespace

Flow compute_flow(const AttributionGraph& graph, const FlowMasks& masks) {
  check(graph, masks.rows);
  check(graph, masks.sources);
  const EdgeMatrix& edges = graph.edges();
  Flow flow{.influence = std::vector<double>(graph.n_nodes(), 0.0),
            .row_sums = sum_rows(edges, masks)};
  Sweep sweep{edges, masks, flow, {}};
  const std::vector<double> weights = graph.target_weights();
  const auto end = static_cast<std::int32_t>(graph.first_target());
  const auto parts = 4 * static_cast<std::size_t>(tbb::this_task_arena::max_concurrency());
  for (const RowGroup& group : groups_of(graph)) {
    sweep.arriving.clear();
    for (std::size_t row = group.first; row < group.last; ++row) {
      sweep.arriving.push_back(flow.influence[row] + weights[row]);
    }
    if (edges.end(group.last - 1) - edges.begin(group.first) < kFewEdges) {
      sweep.run(group, 0, end);
      continue;
    }
    const std::vector<std::int32_t> cuts = cut_columns(edges, group, end, parts);
    tbb::parallel_for(std::size_t{1}, cuts.size(),
                      [&](std::size_t i) { sweep.run(group, cuts[i - 1], cuts[i]); });
  }
  return flow;
}

std::vector<double> compute_influence(const AttributionGraph& graph) {
  return compute_flow(graph).influence;
}

std::vector<std::size_t> order_by_influence(std::span<const double> influence) {
  std::vector<std::size_t> order(influence.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  tbb::parallel_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return influence[a] != influence[b] ? influence[a] > influence[b] : a < b;
  });
  return order;
}

std::vector<float> cumulative_influence(std::span<const double> influence) {
  const std::vector<std::size_t> order = order_by_influence(influence);
  double total = 0.0;
  for (const std::size_t node : order) total += influence[node];
  std::vector<float> cumulative(influence.size(), 1.0F);
  if (!(total > 0.0)) return cumulative;
  double running = 0.0;
  for (const std::size_t node : order) {
    running += influence[node];
    cumulative[node] = static_cast<float>(running / total);
  }
  return cumulative;
}

}  // namespace circuit
