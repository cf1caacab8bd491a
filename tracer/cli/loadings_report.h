// What `attention --edge` prints.
#pragma once

#include <cstddef>
#include <string>

#include "graph/attribution_graph.h"
#include "graph/head_loadings.h"

namespace circuit::cli {

/// `loadings` of the edge between two nodes of `graph`.
std::string loadings_text(const AttributionGraph& graph, std::size_t source, std::size_t target,
                          const HeadLoadings& loadings);
std::string loadings_json(const AttributionGraph& graph, std::size_t source, std::size_t target,
                          const HeadLoadings& loadings);

}  // namespace circuit::cli
