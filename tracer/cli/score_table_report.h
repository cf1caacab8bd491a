// What `attention --head L.H --query P --key P` prints.
#pragma once

#include <string>

#include "graph/attribution_graph.h"
#include "graph/score_table.h"

namespace circuit::cli {

/// `table` of a score on the prompt of `graph`, whose labels name features. With more positions
/// than this text has room for, the `top` largest sums by position are listed.
std::string score_table_text(const AttributionGraph& graph, const ScoreTable& table,
                             std::size_t top);
std::string score_table_json(const AttributionGraph& graph, const ScoreTable& table);

}  // namespace circuit::cli
