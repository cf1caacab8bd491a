// The key `circuit` of viewer files of ours: what viewers have no place for, with the names that it
// has in graph files. Private to viewer_json.cpp; viewer_document.h reads it.
#pragma once

#include <string>

#include "export/viewer/viewer_json.h"
#include "graph/attribution_graph.h"
#include "graph/prune.h"

namespace circuit {

/// Appends it as a JSON object.
void append_viewer_details(const AttributionGraph& graph, const PrunedGraph& pruned,
                           const Scores& scores, std::string& out);

}  // namespace circuit
