// The graph inside a page: names and texts as JSON, numbers as columns in base64. Private to
// html.cpp; export/page/web/core/graph.mjs reads it.
#pragma once

#include <cstddef>
#include <string>

#include "graph/attribution_graph.h"
#include "graph/prune.h"
#include "graph/scores.h"

namespace circuit {

struct PageData {
  std::string head;     ///< JSON without `<`, so that it may stand in a script element
  std::string columns;  ///< base64
};

/// Kept nodes; links between them, all of them if there are at most `most_links`, else the kept
/// ones. Throws std::invalid_argument when the masks do not fit the graph.
PageData page_data(const AttributionGraph& graph, const PrunedGraph& pruned,
                   const std::string& title, const Scores& scores, std::size_t most_links);

/// `title`; without it the prompt; without that the tokens.
std::string page_title(const AttributionGraph& graph, const std::string& title);

}  // namespace circuit
