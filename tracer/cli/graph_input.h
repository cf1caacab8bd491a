// The graph file that `prune`, `export`, `score`, `inspect` and `verify` read, and its prunings.
#pragma once

#include <filesystem>

#include "export/graph_file.h"
#include "graph/prune.h"
#include "graph/scores.h"

namespace CLI {
class App;
}

namespace circuit::cli {

/// The positional GRAPH.
void add_graph_argument(CLI::App& command, std::filesystem::path& graph);

/// Throws std::invalid_argument when no GRAPH was given.
void require_graph(const std::filesystem::path& graph);

/// Whether only what pruning kept is in the file (`prune --compact`): then scores of the whole
/// graph can be read from it, but not computed.
bool is_compact(const AttributionGraph& graph);

/// Scores of the unpruned graph: the stored ones, else computed where that is possible.
Scores whole_scores(const GraphFile& file);

/// The pruning stored in the file, unless there is none or `anew`: then by `options`.
PrunedGraph choose_pruning(const GraphFile& file, const PruneOptions& options, bool anew);

/// Everything kept.
PrunedGraph keep_all(const AttributionGraph& graph);

}  // namespace circuit::cli
