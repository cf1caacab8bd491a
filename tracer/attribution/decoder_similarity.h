// How alike what two features write is: cosines of decoders, for grouping (docs/method.md, decoder
// similarity).
#pragma once

#include <cstdint>
#include <span>

#include "graph/attribution_graph.h"
#include "tracer/replacement/run.h"

namespace circuit {

/// Smaller cosines are not stored.
inline constexpr double kLeastSimilarity = 0.3;
/// Of each feature node, at most this many others are stored; more when it is among theirs.
inline constexpr std::size_t kMostSimilar = 16;

/// Of the nodes `selected` (ascending indices into `run.features`), each with its 16 most similar
/// of more than 0.3, ties by node; pairs ascending. Costs distinct features² × d_model products
/// for each layer that is written to (once in all for per-layer transcoders), on the CPU; the
/// result does not depend on the number of threads.
FeatureSimilarity find_similarity(const ReplacementRun& run,
                                  std::span<const std::int32_t> selected);

/// Bytes that this takes at most beside what `run` holds, for `n_selected` nodes.
std::int64_t similarity_bytes(const ReplacementRun& run, std::int64_t n_selected);

}  // namespace circuit
