// What is known about the attention behind a graph; `trace --per-head` and `--qk` put it there.
#pragma once

#include <cstddef>
#include <vector>

#include "graph/edge_heads.h"
#include "graph/score_table.h"

namespace circuit {

struct AttentionDetails {
  EdgeHeads edge_heads;            ///< of kept edges
  std::vector<ScoreTable> tables;  ///< of scores behind kept edges, those that carry most first
  /// [tables] the share of all that kept edges take straight from their source by one head
  /// (docs/method.md, scores that carry a graph); empty when unknown.
  std::vector<double> carried;

  bool empty() const { return edge_heads.empty() && tables.empty(); }
};

/// Throws std::invalid_argument `[attention] …` when something is not of a graph of that size:
/// edges, layers, positions; when sizes disagree, a number is not finite, or a source has a layer
/// or feature that a `Node` of its kind cannot have.
void check_attention(const AttentionDetails& attention, std::size_t n_layers,
                     std::size_t n_positions, std::size_t n_edges);

}  // namespace circuit
