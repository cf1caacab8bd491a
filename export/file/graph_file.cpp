#include "export/file/graph_file.h"

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "export/file/graph_file_attention.h"
#include "export/file/graph_file_metadata.h"
#include "export/file/graph_file_targets.h"
#include "export/file/graph_file_tensors.h"
#include "graph/kept_graph.h"

namespace circuit {
namespace {

std::vector<std::int32_t> feature_table(const AttributionGraph& graph) {
  std::vector<std::int32_t> table;
  for (const ActiveFeature& active : graph.nodes().active_features) {
    table.insert(table.end(), {active.layer, active.position, active.feature});
  }
  return table;
}

std::vector<std::int32_t> pair_table(const FeatureSimilarity& similarity) {
  std::vector<std::int32_t> table;
  for (const auto& [first, second] : similarity.pairs) table.insert(table.end(), {first, second});
  return table;
}

void add_nodes(const AttributionGraph& graph, GraphFileTensors& tensors) {
  const GraphNodes& nodes = graph.nodes();
  tensors.add("input_ids", nodes.input_ids);
  tensors.add_table("active_features", feature_table(graph), 3);
  tensors.add("activation_values", nodes.activation_values);
  tensors.add("selected_features", nodes.selected_features);
  add_targets(graph, tensors);
}

std::int32_t last_index(std::size_t size) { return static_cast<std::int32_t>(size) - 1; }

std::vector<ActiveFeature> read_active_features(const GraphFileReader& reader,
                                                std::int32_t n_layers, std::size_t n_positions) {
  const auto table = reader.read<std::int32_t>("active_features", {-1, 3});
  std::vector<ActiveFeature> features;
  features.reserve(table.size() / 3);
  for (std::size_t i = 0; i < table.size(); i += 3) {
    const ActiveFeature feature{table[i], table[i + 1], table[i + 2]};
    if (feature.layer < 0 || feature.layer >= n_layers || feature.position < 0 ||
        feature.position > last_index(n_positions) || feature.feature < 0) {
      reader.fail("active_features",
                  "row " + std::to_string(i / 3) + " is (" + std::to_string(feature.layer) + ", " +
                      std::to_string(feature.position) + ", " + std::to_string(feature.feature) +
                      ")",
                  "a layer below " + std::to_string(n_layers) + ", a position below " +
                      std::to_string(n_positions) + ", a feature of at least 0");
    }
    features.push_back(feature);
  }
  return features;
}

GraphNodes read_nodes(const GraphFileReader& reader, const GraphFileMetadata& metadata) {
  GraphNodes nodes;
  nodes.n_layers = metadata.n_layers;
  nodes.input_ids = reader.read<std::int32_t>("input_ids", {-1});
  nodes.tokens = metadata.tokens;
  reader.require_count("tokens", nodes.tokens.size(), nodes.input_ids.size());
  nodes.active_features = read_active_features(reader, metadata.n_layers, nodes.input_ids.size());
  const std::size_t active = nodes.active_features.size();
  nodes.activation_values = reader.read<float>("activation_values", {size_of_dimension(active)});
  nodes.selected_features = reader.read<std::int32_t>("selected_features", {-1});
  reader.require_range<std::int32_t>("selected_features", nodes.selected_features, 0,
                                     last_index(active));
  nodes.targets = read_targets(reader, metadata, nodes.input_ids.size());
  return nodes;
}

std::size_t count_nodes(const GraphNodes& nodes) {
  const std::size_t n_positions = nodes.input_ids.size();
  return nodes.selected_features.size() + static_cast<std::size_t>(nodes.n_layers) * n_positions +
         n_positions + nodes.targets.size();
}

EdgeMatrix read_edges(const GraphFileReader& reader, std::size_t n_nodes) {
  EdgeMatrix edges;
  edges.row_offsets = reader.read<std::int64_t>("row_offsets", {size_of_dimension(n_nodes) + 1});
  edges.columns = reader.read<std::int32_t>("columns", {-1});
  reader.require_range<std::int32_t>("columns", edges.columns, 0, last_index(n_nodes));
  edges.weights = reader.read<float>("weights", {size_of_dimension(edges.columns.size())});
  reader.require_offsets("row_offsets", edges.row_offsets, edges.edges(), "edges");
  return edges;
}

RowTotals read_row_totals(const GraphFileReader& reader, std::size_t n_rows) {
  return {.totals = reader.read_optional<double>("row_totals", n_rows),
          .absolute_totals = reader.read_optional<double>("row_absolute_totals", n_rows),
          .bias_terms = reader.read_optional<double>("bias_terms", n_rows),
          .pre_activations = reader.read_optional<double>("pre_activations", n_rows)};
}

FeatureSimilarity read_similarity(const GraphFileReader& reader, std::size_t n_features) {
  FeatureSimilarity similarity;
  if (!reader.contains("similarity_pairs") && !reader.contains("similarity")) return similarity;
  const auto table = reader.read<std::int32_t>("similarity_pairs", {-1, 2});
  reader.require_range<std::int32_t>("similarity_pairs", table, 0, last_index(n_features));
  for (std::size_t i = 0; i < table.size(); i += 2) {
    similarity.pairs.emplace_back(table[i], table[i + 1]);
  }
  similarity.cosines =
      reader.read<float>("similarity", {size_of_dimension(similarity.pairs.size())});
  return similarity;
}

std::optional<PrunedGraph> read_pruned(const GraphFileReader& reader,
                                       const GraphFileMetadata& metadata, std::size_t n_nodes,
                                       std::size_t n_edges) {
  const bool has_mask = reader.contains("node_mask");
  if (!metadata.pruning) {
    if (has_mask) reader.fail("tensor node_mask: is there, but metadata pruned is not 'true'");
    return std::nullopt;
  }
  PrunedGraph pruned;
  pruned.options = *metadata.pruning;
  pruned.node_mask = reader.read<std::uint8_t>("node_mask", {size_of_dimension(n_nodes)});
  pruned.edge_mask = reader.read<std::uint8_t>("edge_mask", {size_of_dimension(n_edges)});
  pruned.node_cumulative_influence =
      reader.read<float>("node_cumulative_influence", {size_of_dimension(n_nodes)});
  reader.require_range<std::uint8_t>("node_mask", pruned.node_mask, 0, 1);
  reader.require_range<std::uint8_t>("edge_mask", pruned.edge_mask, 0, 1);
  return pruned;
}

GraphFile read_with(const GraphFileReader& reader) {
  GraphFileMetadata metadata = parse_graph_file_metadata(reader.metadata());
  GraphNodes nodes = read_nodes(reader, metadata);
  const std::size_t n_nodes = count_nodes(nodes);
  const std::size_t n_features = nodes.selected_features.size();
  const std::size_t n_rows = n_features + nodes.targets.size();
  EdgeMatrix edges = read_edges(reader, n_nodes);
  auto pruned = read_pruned(reader, metadata, n_nodes, edges.edges());
  AttributionGraph graph(std::move(nodes), std::move(edges),
                         reader.read_optional<float>("row_dropped", n_nodes),
                         read_row_totals(reader, n_rows), std::move(metadata.provenance),
                         read_similarity(reader, n_features));
  graph.set_attention(read_attention(reader, graph));
  return {std::move(graph), std::move(pruned), metadata.scores};
}

}  // namespace

void write_graph_file(const std::filesystem::path& path, const AttributionGraph& graph,
                      const PrunedGraph* pruned, const Scores& scores) {
  const std::vector<float> row_dropped(graph.row_dropped().begin(), graph.row_dropped().end());
  GraphFileTensors tensors;
  add_nodes(graph, tensors);
  tensors.add("row_offsets", graph.edges().row_offsets);
  tensors.add("columns", graph.edges().columns);
  tensors.add("weights", graph.edges().weights);
  tensors.add_if_any("row_dropped", row_dropped);
  tensors.add_if_any("row_totals", graph.row_totals().totals);
  tensors.add_if_any("row_absolute_totals", graph.row_totals().absolute_totals);
  tensors.add_if_any("bias_terms", graph.row_totals().bias_terms);
  tensors.add_if_any("pre_activations", graph.row_totals().pre_activations);
  if (!graph.similarity().pairs.empty()) {
    tensors.add_table("similarity_pairs", pair_table(graph.similarity()), 2);
    tensors.add("similarity", graph.similarity().cosines);
  }
  add_attention(graph.attention(), tensors);
  if (pruned != nullptr) {
    require_masks(graph, *pruned);
    tensors.add("node_mask", pruned->node_mask);
    tensors.add("edge_mask", pruned->edge_mask);
    tensors.add("node_cumulative_influence", pruned->node_cumulative_influence);
  }
  write_safetensors(path, tensors.take(), graph_file_metadata(graph, pruned, scores));
}

GraphFile read_graph_file(const std::filesystem::path& path) {
  const GraphFileReader reader(path);
  try {
    return read_with(reader);
  } catch (const std::invalid_argument& error) {  // from AttributionGraph
    reader.fail(error.what());
  } catch (const std::runtime_error& error) {
    const std::string_view message = error.what();
    if (message.starts_with("[read_graph_file]")) throw;
    reader.fail(std::string(message));
  }
}

}  // namespace circuit
