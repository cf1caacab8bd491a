// Explains outputs of one's own choice: tokens, #IDs, or differences of tokens, such as
// " grand- petit", which asks what speaks for the one rather than for the other.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "export/names/node_names.h"
#include "graph/attribution_graph.h"
#include "tracer/tracer.h"

namespace {

struct Input {
  std::size_t source = 0;
  float weight = 0;
};

std::vector<Input> strongest_inputs(const circuit::AttributionGraph& graph, std::size_t target,
                                    std::size_t most) {
  const auto columns = graph.edges().row_columns(target);
  const auto weights = graph.edges().row_weights(target);
  std::vector<Input> inputs;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    inputs.push_back({static_cast<std::size_t>(columns[i]), weights[i]});
  }
  std::ranges::stable_sort(inputs, [](const Input& a, const Input& b) {
    return std::abs(a.weight) > std::abs(b.weight);
  });
  inputs.resize(std::min(most, inputs.size()));
  return inputs;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: own_targets MODEL TRANSCODERS PROMPT TARGET...\n");
    return 2;
  }
  try {
    const circuit::Tracer tracer({.model = argv[1], .transcoders = argv[2]});
    circuit::AttributionOptions options;
    options.targets.named.assign(argv + 4, argv + argc);
    circuit::AttributionGraph graph = tracer.trace({.prompt = argv[3]}, options).graph;
    tracer.label_features(graph, std::vector<std::uint8_t>(graph.n_nodes(), 1));
    for (std::size_t node = graph.first_target(); node < graph.n_nodes(); ++node) {
      std::printf("%s\n", graph.target(node).label.c_str());
      for (const Input& input : strongest_inputs(graph, node, 3)) {
        std::printf("  %+.2f from %s\n", static_cast<double>(input.weight),
                    circuit::describe_node(graph, input.source).c_str());
      }
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "own_targets: %s\n", error.what());
    return 1;
  }
}
