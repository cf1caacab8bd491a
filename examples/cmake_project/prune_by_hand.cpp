// Builds a small attribution graph by hand and prunes it.

#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <vector>

#include "graph/attribution_graph.h"
#include "graph/edge_matrix.h"
#include "graph/node.h"
#include "graph/prune.h"

namespace {

// Two features in two layers read the tokens "two" and "four"; one of them hardly matters.
circuit::AttributionGraph make_graph() {
  circuit::GraphNodes nodes;
  nodes.n_layers = 2;
  nodes.input_ids = {10, 11};
  nodes.tokens = {"two", "four"};
  nodes.active_features = {{.layer = 0, .position = 1, .feature = 7},
                           {.layer = 1, .position = 1, .feature = 3}};
  nodes.activation_values = {1.5F, 0.5F};
  nodes.selected_features = {0, 1};
  nodes.targets = {{.token_id = 12, .probability = 0.9, .label = "six", .display = "six"}};

  const std::size_t n = 2 + 2 * 2 + 2 + 1;  // features, errors, tokens, targets
  const std::size_t token = 6;
  const std::size_t target = 8;
  std::vector<float> effects(n * n, 0.0F);
  const auto effect = [&](std::size_t row, std::size_t column) -> float& {
    return effects[row * n + column];
  };
  effect(0, token) = 1.0F;
  effect(0, token + 1) = 2.0F;
  effect(1, token + 1) = 0.01F;
  effect(target, 0) = 3.0F;
  effect(target, 1) = -0.001F;
  return {nodes, circuit::compress(effects, n)};
}

}  // namespace

int main() {
  const circuit::AttributionGraph graph = make_graph();
  const circuit::PrunedGraph pruned = circuit::prune(graph, {.node_threshold = 0.8});
  std::cout << "kept " << pruned.kept_nodes() << " of " << graph.n_nodes() << " nodes and "
            << pruned.kept_edges() << " of " << graph.edges().edges() << " edges\n";
  return EXIT_SUCCESS;
}
