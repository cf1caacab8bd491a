// What could be known about the attention behind a graph, at random.
#pragma once

#include <cstdint>

#include "graph/attention_details.h"
#include "graph/attribution_graph.h"

namespace circuit::testing {

/// Parts of about half of the edges, and up to three score tables whose sources are selected and
/// other features, errors, tokens and biases; some lists are empty, some numbers odd (-0,
/// denormal).
AttentionDetails random_attention(const AttributionGraph& graph, std::uint32_t seed);

/// Whether nothing differs, bits of numbers included; a head of no meaning is not looked at.
bool same_heads(const EdgeHeads& a, const EdgeHeads& b);
bool same_tables(const AttentionDetails& a, const AttentionDetails& b);

}  // namespace circuit::testing
