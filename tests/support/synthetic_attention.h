// Attention details that fit a graph and keep every promise of graph/attention_details.h: parts add
// up to their edge, marginals and sums to their terms. The numbers are drawn by chance.
#pragma once

#include <cstddef>
#include <cstdint>

#include "graph/attention_details.h"
#include "graph/attention_patterns.h"
#include "graph/attribution_graph.h"
#include "graph/prune.h"

namespace circuit::testing {

struct SyntheticAttentionOptions {
  std::uint32_t seed = 0;
  std::int32_t n_heads = 4;   ///< Of a layer.
  std::size_t n_tables = 12;  ///< Every third of them is a contrast, every fourth is capped.
  std::size_t top = 10;       ///< Terms and marginals of each sign.
  bool parts = true;          ///< Whether edges are divided.
  bool carried = true;        ///< Whether tables say what they carry.
};

/// Of the kept edges; of the last position and the one before. Sources are nodes of the graph, kept
/// or not, active features that were not selected, and biases.
AttentionDetails synthetic_attention(const AttributionGraph& graph, const PrunedGraph& pruned,
                                     const SyntheticAttentionOptions& options = {});

/// Rows sum to 1. Heads take turns: to the token before, to the first, evenly, to one earlier key.
AttentionPatterns synthetic_patterns(std::int32_t n_layers, std::int32_t n_heads,
                                     std::size_t n_positions, std::uint32_t seed = 0);

}  // namespace circuit::testing
