// What is told of a pruned graph and of files that were written.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "graph/attribution_graph.h"
#include "graph/prune.h"

namespace circuit::cli {

/// `28 of 419 nodes, 150 of 45,225 edges`.
std::string kept_text(const AttributionGraph& graph, const PrunedGraph& pruned);

/// Their paths, for reports and for `files` of JSON objects.
std::vector<std::string> file_texts(const std::vector<std::filesystem::path>& files);

/// Kept nodes and edges, and the files.
std::string written_files_text(const AttributionGraph& graph, const PrunedGraph& pruned,
                               const std::vector<std::filesystem::path>& files);

/// The same as one JSON object: `nodes`, `edges`, `files`.
std::string written_files_json(const PrunedGraph& pruned,
                               const std::vector<std::filesystem::path>& files);

}  // namespace circuit::cli
