// By which heads one edge runs (docs/method.md, heads of an edge).
#pragma once

#include <cstddef>

#include <ATen/core/Tensor.h>

#include "graph/attribution_graph.h"
#include "graph/head_loadings.h"
#include "tracer/options.h"
#include "tracer/replacement/run.h"

namespace circuit {

/// `covectors`: of all outputs of the graph, [targets, d_model]. The edge may be one that the graph
/// does not have. Throws std::invalid_argument `[attention] …` when there can be none between them.
HeadLoadings head_loadings(const ReplacementRun& run, const AttributionGraph& graph,
                           const at::Tensor& covectors, std::size_t source, std::size_t target,
                           const LoadingOptions& options);

}  // namespace circuit
