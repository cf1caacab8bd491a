// What a list of graphs says about one, read without the graph itself.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

#include "graph/scores.h"

namespace circuit {

struct GraphSummary {
  std::string prompt;  ///< of a graph without one, its tokens
  std::size_t tokens = 0;
  std::size_t nodes = 0;
  std::size_t edges = 0;
  Scores scores;  ///< of the unpruned graph, where the file has them
};

/// Of a graph file, all that it holds; reads its header only. Throws std::runtime_error
/// `[summarize] PATH: …` for another file.
GraphSummary summarize_graph_file(const std::filesystem::path& path);

/// Of a viewer's JSON file. Empty for JSON that is no graph; throws std::runtime_error
/// `[summarize] PATH: …` for what is no JSON. Takes some 20 times the file's size for a moment.
std::optional<GraphSummary> summarize_viewer_json(const std::filesystem::path& path);

}  // namespace circuit
