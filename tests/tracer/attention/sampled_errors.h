// How exactly heads and scores of one prompt add up, over random edges and random scores.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "graph/attribution_graph.h"
#include "tracer/replacement/run.h"

namespace circuit::testing {

struct SampledErrors {
  /// Of edges: |Σ parts by last head - edge|, |Σ parts by hops - edge|, every layer's
  /// |past + Σ through - edge|, |edge - stored edge|; the largest over Σ|parts|.
  double edges = 0;
  /// Of scores: |Σ terms - score| over max(Σ|terms|, score of parallel query and key).
  double scores = 0;
  std::string worst_score;
};

/// Traces the prompt in full; `samples` of each.
SampledErrors sample_errors(const Model& model, const TranscoderSet& transcoders,
                            const std::vector<std::int32_t>& ids, std::size_t samples,
                            std::int64_t max_features = 0);

}  // namespace circuit::testing
