// What `prune` and `export` print.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "graph/attribution_graph.h"
#include "graph/prune.h"

namespace circuit::cli {

/// Kept nodes and edges, and the files.
std::string written_files_text(const AttributionGraph& graph, const PrunedGraph& pruned,
                               const std::vector<std::filesystem::path>& files);

/// The same as one JSON object: `nodes`, `edges`, `files`.
std::string written_files_json(const PrunedGraph& pruned,
                               const std::vector<std::filesystem::path>& files);

}  // namespace circuit::cli
