// Where the heads of a model look on one prompt, as a picture: a grid of small maps, one a head,
// and chosen heads enlarged with the reasons for what they look at. Plain SVG; needs no Graphviz.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "graph/attention_patterns.h"
#include "graph/attribution_graph.h"
#include "graph/head.h"
#include "graph/score_table.h"

namespace circuit {

struct PatternOptions {
  /// The heading. Empty = the tokens.
  std::string title{};
  /// The grid of all heads; without it only the enlarged ones are shown.
  bool grid = true;
  /// Enlarged under the grid, in this order, with the tokens on both axes.
  std::vector<Head> heads{};
  /// Why enlarged heads look where they do: the cells are marked in the map, and the largest terms
  /// stand beside it. Those of other heads are left out.
  std::vector<ScoreTable> tables{};
  /// Of each sign, terms of a table that are shown at most.
  std::size_t terms = 6;
  /// Whose labels name the features of `tables`; without it they are numbers alone. Looked at
  /// during the call.
  const AttributionGraph* graph = nullptr;
  /// Bounds the file's size. Weights below 0.5 % are never drawn; where more runs of equal cells
  /// than this are left, those below 2 %, 5 %, … are not drawn either. 6 to 8 bytes each.
  std::size_t most_runs = 400'000;
};

/// The picture as SVG. Rows are queries from the top, columns keys from the left; the last layer
/// stands on top. Tokens are data: nothing in them is markup. The same bytes for the same inputs.
/// Throws std::invalid_argument `[pattern_svg] …` when sizes disagree, there is no position, a
/// weight is not a number from 0 to 1, or a head is not there.
std::string pattern_svg(const AttentionPatterns& patterns, std::span<const std::string> tokens,
                        const PatternOptions& options = {});

}  // namespace circuit
