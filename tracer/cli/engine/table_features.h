// The features that score tables speak of.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "graph/attribution_graph.h"
#include "graph/score_table.h"

namespace circuit::cli {

/// Those without a name in the graph, by (layer, feature), ascending.
std::vector<std::pair<std::int32_t, std::int32_t>> unnamed_features(
    const AttributionGraph& graph, std::span<const ScoreTable> tables);

}  // namespace circuit::cli
