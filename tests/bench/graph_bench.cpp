// circuit_graph_bench: how long graphs far larger than a screen take to prune and to score. Needs
// no model and no LibTorch.
//
//   circuit_graph_bench                                     the sizes of docs/performance.md
//   circuit_graph_bench --nodes 10000 --edges 20000000 --save FILE
//
// Before anything is timed, the influence of the parallel sweep must equal that of the plain one
// bit by bit, and both thread counts must keep the same nodes and edges.

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <tbb/task_arena.h>

#include "export/file/graph_file.h"
#include "graph/influence.h"
#include "graph/prune.h"
#include "graph/scores.h"
#include "tests/bench/large_graph.h"
#include "tests/bench/measure.h"
#include "tests/support/reference_sweep.h"

namespace circuit::bench {
namespace {

struct Options {
  LargeGraphOptions graph{.n_nodes = 0};
  int repeat = 5;
  std::string save;
};

double graph_gib(const AttributionGraph& graph) {
  const EdgeMatrix& edges = graph.edges();
  return static_cast<double>(edges.edges() * (sizeof(float) + sizeof(std::int32_t)) +
                             edges.row_offsets.size() * sizeof(std::int64_t)) /
         static_cast<double>(1 << 30);
}

void check(const AttributionGraph& graph) {
  if (compute_influence(graph) !=
      testing::reference_sweep(graph.edges(), {}, graph.target_weights(), kRowFloor)) {
    throw std::runtime_error("influence differs from the plain sweep's");
  }
  const PrunedGraph pruned = prune(graph);
  PrunedGraph alone;
  tbb::task_arena(1).execute([&] { alone = prune(graph); });
  if (pruned.node_mask != alone.node_mask || pruned.edge_mask != alone.edge_mask) {
    throw std::runtime_error("one thread keeps other nodes or edges than several");
  }
}

void run_size(const LargeGraphOptions& size, const Options& options) {
  const AttributionGraph graph = large_graph(size);
  check(graph);
  const double gib = graph_gib(graph);
  const PrunedGraph pruned = prune(graph);
  std::printf("%zu nodes, %zu edges, %.3f GiB of rows; prune keeps %zu nodes, %zu edges\n",
              graph.n_nodes(), graph.edges().edges(), gib, pruned.kept_nodes(),
              pruned.kept_edges());
  const auto print = [&](const Measurement& result) {
    std::printf("  %-28s %8.4f s   peak of the process %.2f times the rows\n", result.name.c_str(),
                result.median_seconds, result.peak_gib / gib);
  };
  print(measure("influence", options.repeat, [&] { compute_influence(graph); }));
  print(measure("prune", options.repeat, [&] { prune(graph); }));
  print(measure("prune, per target", options.repeat,
                [&] { prune(graph, {.edge_rule = EdgeRule::kPerTarget}); }));
  print(measure("prune, 500 nodes", options.repeat, [&] { prune(graph, {.max_nodes = 500}); }));
  print(measure("scores", options.repeat, [&] { compute_scores(graph); }));
  print(measure("scores of what is kept", options.repeat,
                [&] { compute_scores(graph, pruned.node_mask); }));
  if (!options.save.empty()) write_graph_file(options.save, graph, nullptr, {});
}

int run(int argc, char** argv) {
  CLI::App app("Times pruning and scores of large graphs");
  Options options;
  app.add_option("--nodes", options.graph.n_nodes, "Default: two sizes");
  app.add_option("--edges", options.graph.n_edges, "About so many")->capture_default_str();
  app.add_option("--repeat", options.repeat, "Medians are of so many runs")->capture_default_str();
  app.add_option("--save", options.save, "Write the last graph to this file");
  CLI11_PARSE(app, argc, argv);
  std::vector<LargeGraphOptions> sizes{options.graph};
  if (options.graph.n_nodes == 0) {
    sizes = {{.n_nodes = 10000, .n_edges = 20000000}, {.n_nodes = 100000, .n_edges = 50000000}};
  }
  for (const LargeGraphOptions& size : sizes) run_size(size, options);
  return 0;
}

}  // namespace
}  // namespace circuit::bench

int main(int argc, char** argv) {
  try {
    return circuit::bench::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "circuit_graph_bench: %s\n", error.what());
    return 1;
  }
}
