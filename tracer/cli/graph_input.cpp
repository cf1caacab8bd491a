#include "tracer/cli/graph_input.h"

#include <stdexcept>

#include <CLI/CLI.hpp>

#include "graph/influence.h"

namespace circuit::cli {

void add_graph_argument(CLI::App& command, std::filesystem::path& graph) {
  command.add_option("GRAPH", graph, "Graph file, NAME.graph.safetensors")->type_name("");
}

void require_graph(const std::filesystem::path& graph) {
  if (graph.empty()) throw std::invalid_argument("no GRAPH, expected a graph file");
}

bool is_compact(const AttributionGraph& graph) {
  return graph.provenance().settings.contains("compact");
}

Scores whole_scores(const GraphFile& file) {
  const bool stored = file.scores.replacement || file.scores.completeness;
  return stored || is_compact(file.graph) ? file.scores : compute_scores(file.graph);
}

PrunedGraph choose_pruning(const GraphFile& file, const PruneOptions& options, bool anew) {
  return file.pruned && !anew ? *file.pruned : prune(file.graph, options);
}

PrunedGraph keep_all(const AttributionGraph& graph) {
  return {.node_mask = std::vector<std::uint8_t>(graph.n_nodes(), 1),
          .edge_mask = std::vector<std::uint8_t>(graph.edges().edges(), 1),
          .node_cumulative_influence = cumulative_influence(compute_influence(graph)),
          .options = {.node_threshold = 1.0, .edge_threshold = 1.0}};
}

}  // namespace circuit::cli
