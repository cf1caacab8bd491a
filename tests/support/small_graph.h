// The 12-node graph whose influence, pruning and scores are worked out by hand.
#pragma once

#include <utility>

#include "graph/attribution_graph.h"

namespace circuit::testing {

/// Features 0–4, errors 5–8 (2 layers × 2 positions), tokens 9 and 10, target 11 of weight 1; all
/// edges weigh 10: 11 reads 1, 3, 6, 8; 3 reads 0, 1, 6; 1 reads 9, 10; 0 reads 9.
/// With `without_pruned_edges` node 0 is cut off, as node pruning at 0.8 leaves it.
inline AttributionGraph small_graph(bool without_pruned_edges = false) {
  GraphNodes nodes{.n_layers = 2,
                   .input_ids = {0, 1},
                   .tokens = {"a", "b"},
                   .active_features = {{0, 0, 1}, {0, 1, 2}, {1, 0, 3}, {1, 1, 4}, {1, 1, 5}},
                   .activation_values = {2, 4, 6, 8, 10},
                   .selected_features = {0, 1, 2, 3, 4},
                   .targets = {{.kind = TargetKind::kToken,
                                .token_id = 7,
                                .probability = 1.0,
                                .label = "out",
                                .display = "out"}}};
  EdgeMatrix edges;
  if (without_pruned_edges) {
    edges.row_offsets = {0, 0, 2, 2, 4, 4, 4, 4, 4, 4, 4, 4, 8};
    edges.columns = {9, 10, 1, 6, 1, 3, 6, 8};
  } else {
    edges.row_offsets = {0, 1, 3, 3, 6, 6, 6, 6, 6, 6, 6, 6, 10};
    edges.columns = {9, 9, 10, 0, 1, 6, 1, 3, 6, 8};
  }
  edges.weights.assign(edges.columns.size(), 10.0F);
  return {std::move(nodes), std::move(edges)};
}

}  // namespace circuit::testing
