#include "export/file/graph_file.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "export/file/graph_file_metadata.h"
#include "graph/kept_graph.h"
#include "transcoders/weights/safetensors.h"

namespace circuit {
namespace {

template <typename T>
constexpr Dtype dtype_of() {
  if constexpr (std::is_same_v<T, double>) return Dtype::kF64;
  if constexpr (std::is_same_v<T, float>) return Dtype::kF32;
  if constexpr (std::is_same_v<T, std::int64_t>) return Dtype::kI64;
  if constexpr (std::is_same_v<T, std::int32_t>) return Dtype::kI32;
  if constexpr (std::is_same_v<T, std::uint8_t>) return Dtype::kU8;
}

std::int64_t size_of_dimension(std::size_t size) { return static_cast<std::int64_t>(size); }

/// Tensors to be written; owns those that are not stored in the graph as they are in the file.
class Tensors {
 public:
  template <typename T>
  void add(std::string name, const std::vector<T>& values) {
    add_shaped(std::move(name), values, {size_of_dimension(values.size())});
  }
  template <typename T>
  void add_if_any(std::string name, const std::vector<T>& values) {
    if (!values.empty()) add(std::move(name), values);
  }
  /// [values / width, width]
  void add_table(std::string name, std::vector<std::int32_t> values, std::size_t width) {
    const std::vector<std::int32_t>& kept = tables_.emplace_back(std::move(values));
    add_shaped(std::move(name), kept,
               {size_of_dimension(kept.size() / width), size_of_dimension(width)});
  }
  std::vector<TensorToWrite> take() { return std::move(tensors_); }

 private:
  template <typename T>
  void add_shaped(std::string name, const std::vector<T>& values, std::vector<std::int64_t> shape) {
    tensors_.push_back(
        {std::move(name), dtype_of<T>(), std::move(shape), std::as_bytes(std::span(values))});
  }

  std::vector<TensorToWrite> tensors_;
  std::vector<std::vector<std::int32_t>> tables_;  // moved vectors keep their elements in place
};

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

/// The columns of `GraphNodes::targets`.
struct TargetColumns {
  std::vector<std::int32_t> token_ids;
  std::vector<float> probabilities;
  std::vector<double> weights;  // only when one of them is no float
  std::vector<std::uint8_t> kinds;
};

TargetColumns target_columns(const AttributionGraph& graph) {
  TargetColumns columns;
  bool exact = true;
  for (const Target& target : graph.nodes().targets) {
    columns.token_ids.push_back(target.token_id);
    columns.probabilities.push_back(static_cast<float>(target.probability));
    columns.weights.push_back(target.probability);
    columns.kinds.push_back(static_cast<std::uint8_t>(target.kind));
    exact = exact && static_cast<double>(columns.probabilities.back()) == target.probability;
  }
  if (exact) columns.weights.clear();
  return columns;
}

void add_nodes(const AttributionGraph& graph, const TargetColumns& targets, Tensors& tensors) {
  const GraphNodes& nodes = graph.nodes();
  tensors.add("input_ids", nodes.input_ids);
  tensors.add_table("active_features", feature_table(graph), 3);
  tensors.add("activation_values", nodes.activation_values);
  tensors.add("selected_features", nodes.selected_features);
  tensors.add("target_token_ids", targets.token_ids);
  tensors.add("target_probabilities", targets.probabilities);
  tensors.add_if_any("target_weights", targets.weights);
  tensors.add("target_kinds", targets.kinds);
}

/// Reads tensors of one file and checks each against what the graph needs.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& path)
      : file_(SafetensorsFile::open(path)), path_(path) {}

  const StringMap& metadata() const { return file_.metadata(); }
  bool contains(std::string_view name) const { return file_.contains(name); }

  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error("[read_graph_file] " + path_.string() + ": " + what);
  }
  [[noreturn]] void fail(std::string_view tensor, const std::string& found,
                         const std::string& expected) const {
    fail("tensor " + std::string(tensor) + ": " + found + ", expected " + expected);
  }

  /// `shape` has -1 where any size will do.
  template <typename T>
  std::vector<T> read(std::string_view name, std::vector<std::int64_t> shape) const {
    const std::string expected = std::string(name_of(dtype_of<T>())) + " " + to_string(shape);
    if (!file_.contains(name)) fail(name, "is missing", expected);
    const TensorView& view = file_.view(name);
    const bool fits = std::ranges::equal(view.shape, shape, [](std::int64_t is, std::int64_t want) {
      return want < 0 || is == want;
    });
    if (view.dtype != dtype_of<T>() || !fits) {
      fail(name, "is " + std::string(name_of(view.dtype)) + " " + to_string(view.shape), expected);
    }
    std::vector<T> values(view.bytes.size() / sizeof(T));
    if (!values.empty()) std::memcpy(values.data(), view.bytes.data(), view.bytes.size());
    if constexpr (std::is_floating_point_v<T>) require_finite(name, values);
    return values;
  }

  template <typename T>
  std::vector<T> read_optional(std::string_view name, std::size_t size) const {
    if (!file_.contains(name)) return {};
    return read<T>(name, {size_of_dimension(size)});
  }

  /// Every value in [least, most].
  template <typename T>
  void require_range(std::string_view name, const std::vector<T>& values, T least, T most) const {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i] >= least && values[i] <= most) continue;
      fail(name, "entry " + std::to_string(i) + " is " + std::to_string(values[i]),
           std::to_string(least) + " to " + std::to_string(most));
    }
  }

 private:
  template <typename T>
  void require_finite(std::string_view name, const std::vector<T>& values) const {
    const auto bad = std::ranges::find_if(values, [](T value) { return !std::isfinite(value); });
    if (bad == values.end()) return;
    fail(name, "entry " + std::to_string(bad - values.begin()) + " is " + std::to_string(*bad),
         "finite numbers");
  }

  SafetensorsFile file_;
  std::filesystem::path path_;
};

std::int32_t last_index(std::size_t size) { return static_cast<std::int32_t>(size) - 1; }

void require_count(const Reader& reader, std::string_view key, std::size_t found,
                   std::size_t expected) {
  if (found == expected) return;
  reader.fail("metadata " + std::string(key) + ": has " + std::to_string(found) +
              " entries, expected " + std::to_string(expected));
}

std::vector<ActiveFeature> read_active_features(const Reader& reader, std::int32_t n_layers,
                                                std::size_t n_positions) {
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

std::vector<Target> read_targets(const Reader& reader, const GraphFileMetadata& metadata) {
  const auto ids = reader.read<std::int32_t>("target_token_ids", {-1});
  const std::size_t count = ids.size();
  const auto probabilities = reader.read<float>("target_probabilities", {size_of_dimension(count)});
  const auto weights = reader.read_optional<double>("target_weights", count);
  const auto kinds = reader.read_optional<std::uint8_t>("target_kinds", count);
  reader.require_range<std::int32_t>("target_token_ids", ids, -1, INT32_MAX);
  reader.require_range<std::uint8_t>("target_kinds", kinds, 0, 1);
  require_count(reader, "target_labels", metadata.target_labels.size(), count);
  require_count(reader, "target_displays", metadata.target_displays.size(), count);
  std::vector<Target> targets(count);
  for (std::size_t i = 0; i < count; ++i) {
    const bool direction = kinds.empty() ? ids[i] < 0 : kinds[i] == 1;
    if (direction != (ids[i] < 0)) {
      reader.fail("target_token_ids",
                  "entry " + std::to_string(i) + " is " + std::to_string(ids[i]),
                  direction ? "-1 for a direction" : "at least 0 for a token");
    }
    targets[i].kind = direction ? TargetKind::kDirection : TargetKind::kToken;
    targets[i].token_id = ids[i];
    targets[i].probability = weights.empty() ? static_cast<double>(probabilities[i]) : weights[i];
    targets[i].label = metadata.target_labels[i];
    targets[i].display = metadata.target_displays[i];
  }
  return targets;
}

GraphNodes read_nodes(const Reader& reader, const GraphFileMetadata& metadata) {
  GraphNodes nodes;
  nodes.n_layers = metadata.n_layers;
  nodes.input_ids = reader.read<std::int32_t>("input_ids", {-1});
  nodes.tokens = metadata.tokens;
  require_count(reader, "tokens", nodes.tokens.size(), nodes.input_ids.size());
  nodes.active_features = read_active_features(reader, metadata.n_layers, nodes.input_ids.size());
  const std::size_t active = nodes.active_features.size();
  nodes.activation_values = reader.read<float>("activation_values", {size_of_dimension(active)});
  nodes.selected_features = reader.read<std::int32_t>("selected_features", {-1});
  reader.require_range<std::int32_t>("selected_features", nodes.selected_features, 0,
                                     last_index(active));
  nodes.targets = read_targets(reader, metadata);
  return nodes;
}

std::size_t count_nodes(const GraphNodes& nodes) {
  const std::size_t n_positions = nodes.input_ids.size();
  return nodes.selected_features.size() + static_cast<std::size_t>(nodes.n_layers) * n_positions +
         n_positions + nodes.targets.size();
}

EdgeMatrix read_edges(const Reader& reader, std::size_t n_nodes) {
  EdgeMatrix edges;
  edges.row_offsets = reader.read<std::int64_t>("row_offsets", {size_of_dimension(n_nodes) + 1});
  edges.columns = reader.read<std::int32_t>("columns", {-1});
  reader.require_range<std::int32_t>("columns", edges.columns, 0, last_index(n_nodes));
  const std::int64_t n_edges = size_of_dimension(edges.columns.size());
  edges.weights = reader.read<float>("weights", {n_edges});
  const bool ascending = std::ranges::is_sorted(edges.row_offsets);
  if (!ascending || edges.row_offsets.front() != 0 || edges.row_offsets.back() != n_edges) {
    reader.fail("row_offsets",
                "runs from " + std::to_string(edges.row_offsets.front()) + " to " +
                    std::to_string(edges.row_offsets.back()) +
                    (ascending ? "" : " with steps down"),
                "ascending from 0 to the " + std::to_string(n_edges) + " edges");
  }
  return edges;
}

RowTotals read_row_totals(const Reader& reader, std::size_t n_rows) {
  return {.totals = reader.read_optional<double>("row_totals", n_rows),
          .absolute_totals = reader.read_optional<double>("row_absolute_totals", n_rows),
          .bias_terms = reader.read_optional<double>("bias_terms", n_rows),
          .pre_activations = reader.read_optional<double>("pre_activations", n_rows)};
}

FeatureSimilarity read_similarity(const Reader& reader, std::size_t n_features) {
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

std::optional<PrunedGraph> read_pruned(const Reader& reader, const GraphFileMetadata& metadata,
                                       std::size_t n_nodes, std::size_t n_edges) {
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

GraphFile read_with(const Reader& reader) {
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
  return {std::move(graph), std::move(pruned), metadata.scores};
}

}  // namespace

void write_graph_file(const std::filesystem::path& path, const AttributionGraph& graph,
                      const PrunedGraph* pruned, const Scores& scores) {
  const TargetColumns targets = target_columns(graph);
  const std::vector<float> row_dropped(graph.row_dropped().begin(), graph.row_dropped().end());
  Tensors tensors;
  add_nodes(graph, targets, tensors);
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
  if (pruned != nullptr) {
    require_masks(graph, *pruned);
    tensors.add("node_mask", pruned->node_mask);
    tensors.add("edge_mask", pruned->edge_mask);
    tensors.add("node_cumulative_influence", pruned->node_cumulative_influence);
  }
  write_safetensors(path, tensors.take(), graph_file_metadata(graph, pruned, scores));
}

GraphFile read_graph_file(const std::filesystem::path& path) {
  const Reader reader(path);
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
