#include "tracer/attribution/check_rounding.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "tracer/attribution/feature_targets.h"
#include "tracer/attribution/rows.h"

namespace circuit {
namespace {

constexpr std::size_t kFeatures = 32;

// Row of each node in `store`.
std::map<std::int64_t, std::size_t> rows_by_node(const RowStore& store) {
  std::map<std::int64_t, std::size_t> rows;
  for (std::size_t row = 0; row < store.size(); ++row) rows[store.node(row)] = row;
  return rows;
}

double row_error(std::span<const float> narrow, std::span<const float> wide, double absolute_sum) {
  double largest = 0.0;
  for (std::size_t i = 0; i < wide.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(narrow[i]) - wide[i]));
  }
  return absolute_sum > 0.0 ? largest / absolute_sum : 0.0;
}

}  // namespace

RoundingCheck check_rounding(const ReplacementRun& run, const OutputTargets& outputs,
                             RowEngine& wide, const RowStore& store) {
  const auto rows = rows_by_node(store);
  std::vector<std::int64_t> features, targets;
  for (const auto& [node, row] : rows) {
    (node < store.columns().n_active() ? features : targets).push_back(node);
  }
  std::vector<std::int64_t> some;
  const std::size_t count = std::min(kFeatures, features.size());
  for (std::size_t i = 0; i < count; ++i) some.push_back(features[i * features.size() / count]);

  RowStore again(store.columns(), std::numeric_limits<std::int64_t>::max());
  wide.add_rows(outputs.rows, targets, again);
  if (!some.empty()) wide.add_rows(feature_targets(run, some), some, again);
  wide.finish(again);
  RoundingCheck check;
  for (std::size_t row = 0; row < again.size(); ++row) {
    ++check.rows;
    check.largest_error = std::max(
        check.largest_error, row_error(store.values(rows.at(again.node(row))), again.values(row),
                                       again.totals.absolute_totals[row]));
  }
  return check;
}

}  // namespace circuit
