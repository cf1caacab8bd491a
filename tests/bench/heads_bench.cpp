// circuit_heads_bench: how long it takes to divide the kept edges of a graph among heads and to
// make the tables of the scores that carry them.
//
//   circuit_heads_bench                                         the bundled demo
//   circuit_heads_bench --model DIR --transcoders DIR --prompt TEXT --max-features 2000
//
// Before anything is timed, parts must add up to their edges and terms to their scores.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "graph/prune.h"
#include "tests/bench/measure.h"
#include "tracer/heads.h"
#include "tracer/tracer.h"

namespace circuit::bench {
namespace {

struct Options {
  LoadOptions load{.model = CIRCUIT_DEMO_DIR "/model", .transcoders = CIRCUIT_DEMO_DIR "/clt"};
  std::string prompt = "le contraire de petit est";
  std::int64_t max_features = 7500;
  DetailOptions details{.per_head = true, .qk = true};
  int repeat = 3;
};

// The largest |Σ parts - edge| over Σ|parts| and |Σ terms - score| over Σ|terms|.
std::string check(const AttributionGraph& graph, const AttentionDetails& details) {
  double edges = 0.0, scores = 0.0;
  const EdgeMatrix& matrix = graph.edges();
  for (std::size_t i = 0; i < details.edge_heads.edges.size(); ++i) {
    double sum = 0.0, magnitudes = 0.0;
    for (const EdgePart& part : details.edge_heads.parts_of(i)) {
      sum += static_cast<double>(part.weight);
      magnitudes += std::abs(static_cast<double>(part.weight));
    }
    const double edge = static_cast<double>(matrix.weights[details.edge_heads.edges[i]]);
    edges = std::max(edges, std::abs(sum - edge) / magnitudes);
  }
  for (const ScoreTable& table : details.tables) {
    scores = std::max(scores, std::abs(table.sum - table.score) / table.absolute_sum);
  }
  if (edges > 1e-4 || scores > 1e-4) throw std::runtime_error("parts or terms do not add up");
  char text[80];
  std::snprintf(text, sizeof text, "edges %.1e, scores %.1e", edges, scores);
  return text;
}

int run(int argc, char** argv) {
  CLI::App app("Times heads of edges and tables of scores");
  Options options;
  app.add_option("--model", options.load.model);
  app.add_option("--transcoders", options.load.transcoders);
  app.add_option("--prompt", options.prompt);
  app.add_option("--max-features", options.max_features);
  app.add_option("--qk-share", options.details.qk_share);
  app.add_option("--most-tables", options.details.most_tables);
  app.add_option("--repeat", options.repeat)->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);

  const Tracer tracer(options.load);
  const Trace trace =
      tracer.trace({.prompt = options.prompt}, {.max_features = options.max_features});
  const AttributionGraph& graph = trace.graph;
  const PrunedGraph pruned = prune(graph);
  const HeadTracer heads(tracer, graph);
  const AttentionDetails details = heads.details(pruned, options.details);
  std::printf("%zu positions, %zu active features, %zu kept nodes, %zu kept edges, %zu tables\n",
              graph.n_positions(), graph.nodes().active_features.size(), pruned.kept_nodes(),
              pruned.kept_edges(), details.tables.size());
  std::printf("checked: %s; attribute took %.3f s\n", check(graph, details).c_str(),
              trace.seconds.at("attribute"));
  const auto print = [&](const char* name, const std::function<void()>& work) {
    const Measurement result = measure(name, options.repeat, work);
    std::printf("  %-36s %8.3f s   peak of the process %.2f GiB\n", name, result.median_seconds,
                result.peak_gib);
  };
  print("forward and features", [&] { HeadTracer(tracer, graph); });
  print("kept edges by head", [&] { heads.details(pruned, {.per_head = true}); });
  print("and tables", [&] { heads.details(pruned, options.details); });
  print("patterns", [&] { heads.patterns(); });
  return 0;
}

}  // namespace
}  // namespace circuit::bench

int main(int argc, char** argv) {
  try {
    return circuit::bench::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "circuit_heads_bench: %s\n", error.what());
    return 1;
  }
}
