// Attribution graphs of given sizes that look like real ones: many features in low layers and at
// late positions, a few strong edges among many weak ones, labels, targets, scores to be computed.
// random_graph.h has the small odd ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "graph/attribution_graph.h"

namespace circuit::testing {

struct SyntheticGraphOptions {
  std::uint32_t seed = 0;
  std::int32_t n_layers = 6;
  std::int32_t n_positions = 8;
  std::int32_t n_active = 120;  ///< Active features; nine tenths of them are selected.
  std::int32_t n_targets = 3;
  double density = 0.3;       ///< Share of possible edges that exist.
  bool direction = false;     ///< Makes the last target a difference.
  bool hostile_text = false;  ///< Tokens, labels and prompt are `hostile_texts`.
  /// Also a token and a feature (layer n_layers / 2) two positions before the last, and a vector.
  bool more_targets = false;
};

AttributionGraph synthetic_graph(const SyntheticGraphOptions& options = {});

/// Valid UTF-8 that breaks careless writers: quotes, backslashes, newlines, markup, `\xNN`, …
const std::vector<std::string>& hostile_texts();

}  // namespace circuit::testing
