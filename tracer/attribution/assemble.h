// From rows over all active features to the graph of the selected ones.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/attribution_graph.h"
#include "tracer/attribution/row_store.h"

namespace circuit {

/// Rows in node order, columns of selected features, errors and tokens only, exact zeros left out.
struct AssembledGraph {
  std::vector<std::int32_t> selected_features;  ///< ascending
  EdgeMatrix edges;
  std::vector<float> row_dropped;  ///< share of each row that lay on columns now left out
  RowTotals totals;
};

/// Of the rows of features and of `n_targets` output targets in `store`. Parallel over rows.
AssembledGraph assemble(const RowStore& store, std::size_t n_targets);

}  // namespace circuit
