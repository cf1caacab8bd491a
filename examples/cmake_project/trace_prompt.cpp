// Traces a prompt from C++ and prints the strongest kept inputs of its first target.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <numeric>
#include <vector>

#include "graph/prune.h"
#include "tracer/tracer.h"

namespace {

void print_strongest_inputs(const circuit::AttributionGraph& graph, std::size_t target) {
  const auto columns = graph.edges().row_columns(target);
  const auto weights = graph.edges().row_weights(target);
  std::vector<std::size_t> order(columns.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::abs(weights[a]) > std::abs(weights[b]);
  });
  for (std::size_t i = 0; i < std::min<std::size_t>(3, order.size()); ++i) {
    const auto source = static_cast<std::size_t>(columns[order[i]]);
    const circuit::Node node = graph.node(source);
    std::printf("  %+.2f from layer %d, position %d, feature %d\n",
                static_cast<double>(weights[order[i]]), node.layer, node.position, node.feature);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: trace_prompt MODEL TRANSCODERS PROMPT\n");
    return 2;
  }
  try {
    const circuit::Tracer tracer({.model = argv[1], .transcoders = argv[2]});
    const circuit::Trace trace = tracer.trace({.prompt = argv[3]});
    const circuit::AttributionGraph& graph = trace.graph;
    const circuit::PrunedGraph pruned = circuit::prune(graph);
    std::printf("%s: \"%s\", kept %zu of %zu nodes\n", argv[3],
                graph.nodes().targets.front().label.c_str(), pruned.kept_nodes(), graph.n_nodes());
    print_strongest_inputs(graph, graph.first_target());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "trace_prompt: %s\n", error.what());
    return 1;
  }
}
