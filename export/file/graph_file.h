// The graph file `NAME.graph.safetensors` (docs/formats.md): a whole attribution graph, with its
// pruning and scores when there are some, that every later stage reads without a model.
#pragma once

#include <filesystem>
#include <optional>

#include "graph/attribution_graph.h"
#include "graph/prune.h"
#include "graph/scores.h"

namespace circuit {

struct GraphFile {
  AttributionGraph graph;
  std::optional<PrunedGraph> pruned;
  Scores scores;
};

/// Writes all of it beside `path`, then renames. Equal inputs give equal bytes. `pruned` may be
/// null. Throws std::invalid_argument when sizes disagree or a text is not UTF-8, and
/// std::runtime_error when the file cannot be written.
void write_graph_file(const std::filesystem::path& path, const AttributionGraph& graph,
                      const PrunedGraph* pruned, const Scores& scores);

/// Everything that `write_graph_file` was given. Throws std::runtime_error
/// `[read_graph_file] PATH: tensor X: found, expected` for a file that is not one of version 1, or
/// whose tensors or metadata do not fit together.
GraphFile read_graph_file(const std::filesystem::path& path);

}  // namespace circuit
