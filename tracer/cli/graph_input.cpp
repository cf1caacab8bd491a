#include "tracer/cli/graph_input.h"

#include <iostream>
#include <stdexcept>
#include <utility>

#include <CLI/CLI.hpp>

#include "export/text/output_text.h"
#include "graph/influence.h"

namespace circuit::cli {

ViewerFile read_viewer_file(const std::filesystem::path& path) {
  ViewerFile read = read_viewer_json(path);
  for (const std::string& warning : read.warnings) {
    std::cerr << "circuit: warning: " << path.string() << ": " << warning << std::endl;
  }
  return read;
}

GraphInput read_graph(const std::filesystem::path& path) {
  if (path.extension() != ".json") {
    return {.path = path, .file = read_graph_file(path), .viewer = {}};
  }
  ViewerFile read = read_viewer_file(path);
  return {.path = path, .file = std::move(read.content), .viewer = std::move(read.options)};
}

void add_graph_argument(CLI::App& command, std::filesystem::path& graph) {
  command
      .add_option("GRAPH", graph,
                  "Graph file, NAME.graph.safetensors, or a viewer's graph, NAME.json")
      ->type_name("");
}

void require_graph(const std::filesystem::path& graph) {
  if (graph.empty()) throw std::invalid_argument("no GRAPH, expected a graph file");
}

Scores whole_scores(const GraphFile& file) {
  const bool stored = file.scores.replacement || file.scores.completeness;
  return stored || file.graph.is_compact() ? file.scores : compute_scores(file.graph);
}

PrunedGraph prune_anew(const GraphInput& input, const PruneOptions& options) {
  const GraphFile& file = input.file;
  if (file.graph.is_compact() && file.pruned) {
    const double own = file.pruned->options.node_threshold;
    if (options.max_nodes == 0 && options.node_threshold > own) {
      throw std::runtime_error("[prune] " + input.path.string() +
                               ": holds only what was kept at --node-threshold " +
                               number_text(own) + ", expected the whole graph for " +
                               number_text(options.node_threshold));
    }
    std::cerr << "circuit: warning: " << input.path.string()
              << ": holds only what pruning kept; influence is computed on that" << std::endl;
  }
  return prune(file.graph, options);
}

PrunedGraph choose_pruning(const GraphInput& input, const PruneOptions& options, bool anew) {
  return input.file.pruned && !anew ? *input.file.pruned : prune_anew(input, options);
}

PrunedGraph keep_all(const AttributionGraph& graph) {
  return {.node_mask = std::vector<std::uint8_t>(graph.n_nodes(), 1),
          .edge_mask = std::vector<std::uint8_t>(graph.edges().edges(), 1),
          .node_cumulative_influence = cumulative_influence(compute_influence(graph)),
          .options = {.node_threshold = 1.0, .edge_threshold = 1.0}};
}

}  // namespace circuit::cli
