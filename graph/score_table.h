// Why a head scored a key as it did for a query: the score ahead of softmax as a table of
// query-side × key-side terms (docs/method.md, scores of a head).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "graph/head.h"
#include "graph/node.h"

namespace circuit {

/// Which score: of a query position and a key position; with `other_key` what the score of `key`
/// has more than that of `other_key`.
struct ScoreCell {
  Head head;
  std::int32_t query = 0;
  std::int32_t key = 0;
  std::optional<std::int32_t> other_key{};
};

/// What reaches one side of a score: an active feature (a node of the graph or not), an error, a
/// token; or, empty, all that has no node: biases, position embeddings.
using ScoreSource = std::optional<Node>;

struct ScoreTerm {
  ScoreSource query, key;
  double value = 0;
};

/// All terms of one source of one side together.
struct ScoreMarginal {
  ScoreSource source;
  double value = 0;
};

/// Lists hold the `top` largest of each sign, by magnitude; ties in node order, biases last.
struct ScoreTable {
  ScoreCell cell;
  double score = 0;         ///< live, scaled, ahead of soft cap and softmax; or the difference
  double sum = 0;           ///< of all terms; equals `score` up to rounding
  double absolute_sum = 0;  ///< of the magnitudes of all terms
  double soft_cap = 0;      ///< the model's cap on scores, which comes behind the sum; 0 = none
  double weight = 0;        ///< attention weight of the key
  double other_weight = 0;  ///< of the other key, if there is one
  std::size_t n_query_sources = 0, n_key_sources = 0;  ///< that reach the sides, biases counted
  std::vector<ScoreTerm> terms;
  std::vector<ScoreMarginal> query_marginals, key_marginals;
  /// [n_positions]: key-side marginals summed by the position where the source is; biases left out.
  std::vector<double> key_positions;
  double key_bias = 0;  ///< the key-side marginal of biases
};

}  // namespace circuit
