// The graph that `prune`, `export`, `score`, `inspect` and others read, and its prunings.
#pragma once

#include <filesystem>
#include <string>

#include "export/file/graph_file.h"
#include "export/viewer/viewer_json.h"
#include "export/viewer/viewer_json_read.h"
#include "graph/prune.h"
#include "graph/scores.h"

namespace CLI {
class App;
}

namespace circuit::cli {

/// A graph and, of a viewer's file, what is only there: names, pins, supernodes.
struct GraphInput {
  std::filesystem::path path;
  GraphFile file;
  ViewerOptions viewer;
};

/// `read_viewer_json`, with its warnings on standard error.
ViewerFile read_viewer_file(const std::filesystem::path& path);

/// Reads `NAME.json` as a viewer's graph, with its warnings on standard error, any other name as a
/// graph file. Throws as `read_viewer_json` and `read_graph_file` do.
GraphInput read_graph(const std::filesystem::path& path);

/// The positional GRAPH.
void add_graph_argument(CLI::App& command, std::filesystem::path& graph);

/// Throws std::invalid_argument when no GRAPH was given.
void require_graph(const std::filesystem::path& graph);

/// Scores of the unpruned graph: the stored ones, else computed where that is possible.
Scores whole_scores(const GraphFile& file);

/// Prunes the graph. Of a compact one only what is left, which is said on standard error; a node
/// threshold above that of the file throws std::runtime_error `[prune] PATH: …`.
PrunedGraph prune_anew(const GraphInput& input, const PruneOptions& options);

/// The pruning stored in the file, unless there is none or `anew`: then as `prune_anew`.
PrunedGraph choose_pruning(const GraphInput& input, const PruneOptions& options, bool anew);

/// Everything kept.
PrunedGraph keep_all(const AttributionGraph& graph);

}  // namespace circuit::cli
