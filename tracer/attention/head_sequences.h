// The strongest sequences of heads that an edge runs through (docs/method.md, heads of an edge).
#pragma once

#include <vector>

#include "graph/head_loadings.h"
#include "tracer/attention/edge_streams.h"
#include "tracer/options.h"
#include "tracer/replacement/run.h"

namespace circuit {

/// Sequences with at least one head, by magnitude; ties by their heads. Followed from the target
/// down: of the ends of a length, those through which most comes by further heads, `beam` of them,
/// are made longer, until little is left against the weakest one listed. All of one head
/// are looked at, and all there are when `beam` is as many. What comes by further heads is a signed
/// sum, so sequences that cancel each other may be missed.
std::vector<HeadSequence> head_sequences(const ReplacementRun& run, const EdgeStreams& edge,
                                         const LoadingOptions& options);

}  // namespace circuit
