// circuit_viewer_json_bench: how fast a graph becomes viewer JSON, and that a graph again.
//
//   circuit_viewer_json_bench                        a million links between 100,000 nodes
//   circuit_viewer_json_bench --links 10000 --nodes 1000 --repeat 1
//
// Before anything is timed, the graph that was read must give the same text again.

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "export/viewer/viewer_json.h"
#include "export/viewer/viewer_json_read.h"
#include "tests/bench/measure.h"
#include "tests/support/temp_dir.h"
#include "transcoders/weights/atomic_file.h"

namespace circuit::bench {
namespace {

struct Options {
  std::int32_t nodes = 100'000;
  std::int32_t links = 1'000'000;
  int repeat = 5;
};

constexpr std::int32_t kLayers = 32;
constexpr std::int32_t kPositions = 64;

GraphNodes make_nodes(const Options& options) {
  GraphNodes nodes{.n_layers = kLayers};
  for (std::int32_t position = 0; position < kPositions; ++position) {
    nodes.input_ids.push_back(1000 + position);
    nodes.tokens.push_back(" token" + std::to_string(position));
  }
  for (std::int32_t i = 0; i < options.nodes; ++i) {
    const auto cell =
        static_cast<std::int32_t>(std::int64_t{i} * kLayers * kPositions / options.nodes);
    nodes.active_features.push_back({cell / kPositions, cell % kPositions, i});
    nodes.activation_values.push_back(0.37F + static_cast<float>(i) / 7919);
    nodes.selected_features.push_back(i);
  }
  nodes.targets.push_back({.token_id = 7, .probability = 0.7, .label = " out", .display = " out"});
  return nodes;
}

/// As many edges from random lower layers into each feature of the upper half as were asked for.
EdgeMatrix make_edges(const Options& options, const GraphNodes& nodes, std::size_t n_nodes) {
  std::mt19937 dice(1);
  EdgeMatrix edges;
  const std::int32_t first = options.nodes / 2, lower = options.nodes / kLayers;
  const std::int32_t each = options.links / (options.nodes - first);
  for (std::size_t row = 0; row < n_nodes; ++row) {
    const auto node = static_cast<std::int32_t>(row);
    if (node >= first && node < options.nodes) {
      const std::int32_t position = nodes.active_features[row].position;
      // Sources of the lowest layer stand at the same position or before.
      const std::int32_t most = std::max(1, lower * (position + 1) / kPositions - 1);
      std::vector<std::int32_t> columns;
      for (std::int32_t i = 0; i < each; ++i) {
        columns.push_back(static_cast<std::int32_t>(dice() % static_cast<std::uint32_t>(most)));
      }
      std::ranges::sort(columns);
      const auto repeated = std::ranges::unique(columns);
      columns.erase(repeated.begin(), repeated.end());
      for (const std::int32_t column : columns) {
        edges.columns.push_back(column);
        edges.weights.push_back(static_cast<float>(dice()) / 4294967296.0F - 0.5F);
      }
    }
    edges.row_offsets.push_back(static_cast<std::int64_t>(edges.columns.size()));
  }
  return edges;
}

AttributionGraph make_graph(const Options& options) {
  GraphNodes nodes = make_nodes(options);
  const std::size_t n_nodes = nodes.active_features.size() + (kLayers + 1) * kPositions + 1;
  Provenance provenance{
      .prompt = "a prompt", .model_name = "model", .settings = {}, .feature_labels = {}};
  for (const ActiveFeature& feature : nodes.active_features) {
    provenance.feature_labels[{feature.layer, feature.feature}] = {"some, output, tokens",
                                                                   "output tokens"};
  }
  EdgeMatrix edges = make_edges(options, nodes, n_nodes);
  return {std::move(nodes), std::move(edges), {}, {}, std::move(provenance)};
}

PrunedGraph keep_everything(const AttributionGraph& graph) {
  PrunedGraph pruned;
  pruned.node_mask.assign(graph.n_nodes(), 1);
  pruned.edge_mask.assign(graph.edges().edges(), 1);
  pruned.node_cumulative_influence.assign(graph.n_nodes(), 0.123456F);
  return pruned;
}

int run(int argc, char** argv) {
  CLI::App app("Times viewer JSON");
  Options options;
  app.add_option("--nodes", options.nodes, "Feature nodes, at least 1,000")->capture_default_str();
  app.add_option("--links", options.links, "Links, some fewer where two are the same")
      ->capture_default_str();
  app.add_option("--repeat", options.repeat, "Median of so many")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  const AttributionGraph graph = make_graph(options);
  const PrunedGraph pruned = keep_everything(graph);
  const testing::TempDir folder;
  const std::filesystem::path path = folder / "g.json";
  const std::string text = viewer_json(graph, pruned);
  write_file_atomically(path, text);
  const ViewerFile read = read_viewer_json(path);
  if (!read.warnings.empty() ||
      viewer_json(read.content.graph, *read.content.pruned, read.options) != text) {
    throw std::runtime_error("the graph that was read gives another text");
  }
  std::printf("%zu nodes, %zu links, %.1f MB\n", graph.n_nodes(), graph.edges().edges(),
              1e-6 * static_cast<double>(text.size()));
  std::printf("text           %7.3f s\n",
              median_seconds(options.repeat, [&] { (void)viewer_json(graph, pruned); }));
  std::printf("text and file  %7.3f s\n", median_seconds(options.repeat, [&] {
                write_file_atomically(path, viewer_json(graph, pruned));
              }));
  std::printf("read           %7.3f s\n",
              median_seconds(options.repeat, [&] { (void)read_viewer_json(path); }));
  return 0;
}

}  // namespace
}  // namespace circuit::bench

int main(int argc, char** argv) {
  try {
    return circuit::bench::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "circuit_viewer_json_bench: %s\n", error.what());
    return 1;
  }
}
