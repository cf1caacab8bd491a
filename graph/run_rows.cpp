#include "graph/run_rows.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>

namespace circuit {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw std::invalid_argument("[sweep_influence] " + what);
}

// `swept`: nodes of the rows swept so far, descending, the last one is the row's own.
void check(const RunRow& row, std::span<const std::int64_t> swept) {
  for (const ColumnRun& run : row.runs) {
    const auto below =
        std::ranges::partition_point(swept, [&](std::int64_t node) { return node >= run.first; });
    if (below == swept.begin() || *(below - 1) >= run.first + run.count) continue;
    refuse("the row of node " + std::to_string(row.node) + " reads node " +
           std::to_string(*(below - 1)) + ", expected one that comes before it");
  }
}

}  // namespace

std::vector<double> sweep_influence(std::span<const RunRow> rows, std::span<const double> weights,
                                    double row_floor,
                                    const std::function<void(std::size_t)>& done) {
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order,
                    [&](std::size_t a, std::size_t b) { return rows[a].node > rows[b].node; });
  std::vector<double> influence(weights.size(), 0.0);
  std::vector<std::int64_t> swept;
  for (const std::size_t index : order) {
    const RunRow& row = rows[index];
    if (row.node < 0 || row.node >= static_cast<std::int64_t>(weights.size())) {
      refuse("row of node " + std::to_string(row.node) + ", expected one below " +
             std::to_string(weights.size()));
    }
    if (!swept.empty() && row.node == swept.back()) {
      refuse("node " + std::to_string(row.node) + " has two rows");
    }
    if (row.absolute_sum == 0.0) {
      if (done) done(index);
      continue;
    }
    swept.push_back(row.node);
    check(row, swept);
    const auto node = static_cast<std::size_t>(row.node);
    const double arriving = influence[node] + weights[node];
    const double sum = std::max(row.absolute_sum, row_floor);
    const float* weight = row.weights;
    for (const ColumnRun& run : row.runs) {
      double* target = influence.data() + run.first;
      // Divided first, as in M: equal shares of equal rows stay exactly equal.
      for (std::int64_t i = 0; i < run.count; ++i) {
        target[i] += std::abs(static_cast<double>(weight[i])) / sum * arriving;
      }
      weight += run.count;
    }
    if (done) done(index);
  }
  return influence;
}

}  // namespace circuit
