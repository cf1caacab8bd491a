// Writes the graphs that the browser tests open besides the demo's: `write_graphs FOLDER`.
#include <cstdio>
#include <exception>
#include <filesystem>

#include "export/file/graph_file.h"
#include "tests/browser/write_attention.h"
#include "tests/support/synthetic_attention.h"
#include "tests/support/synthetic_graph.h"

namespace {

using circuit::testing::SyntheticGraphOptions;

void write(const std::filesystem::path& folder, const char* name,
           const SyntheticGraphOptions& options) {
  const circuit::AttributionGraph graph = circuit::testing::synthetic_graph(options);
  write_graph_file(folder / name, graph, nullptr, compute_scores(graph));
  std::printf("%s: %zu nodes, %zu edges\n", name, graph.n_nodes(), graph.edges().edges());
}

void write_attention(const std::filesystem::path& folder, const char* name,
                     const SyntheticGraphOptions& options,
                     const circuit::testing::SyntheticAttentionOptions& attention) {
  circuit::AttributionGraph graph = circuit::testing::synthetic_graph(options);
  const circuit::PrunedGraph pruned = prune(graph, {.node_threshold = 0.8, .edge_threshold = 0.9});
  graph.set_attention(synthetic_attention(graph, pruned, attention));
  circuit::testing::write_attention_page(folder, name, graph, pruned);
  circuit::testing::write_pattern_page(folder, "patterns-of-" + std::string(name), graph);
}

}  // namespace

int main(int argc, char** argv) try {
  const std::filesystem::path folder = argc > 1 ? argv[1] : ".";
  std::filesystem::create_directories(folder);
  write(folder, "large.graph.safetensors",
        {.seed = 1, .n_layers = 24, .n_positions = 14, .n_active = 5200, .density = 0.0079});
  write(folder, "hostile.graph.safetensors",
        {.seed = 2, .n_layers = 5, .n_positions = 12, .n_active = 60, .hostile_text = true});
  write_attention(folder, "attention", {.seed = 3}, {.n_tables = 40});
  write_attention(folder, "attention-tables", {.seed = 3}, {.parts = false, .carried = false});
  write_attention(folder, "attention-parts", {.seed = 3}, {.n_tables = 0});
  write_attention(folder, "attention-hostile", {.seed = 4, .hostile_text = true}, {.n_tables = 40});
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "write_graphs: %s\n", error.what());
  return 1;
}
