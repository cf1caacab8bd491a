// An attribution graph as a value: its nodes, its edges, and where it came from. Knows neither a
// model nor torch; stages 7 and 8 of docs/architecture.md work on this alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "graph/attention_details.h"
#include "graph/edge_matrix.h"
#include "graph/node.h"

namespace circuit {

/// What the nodes are. Node order: selected features (by layer, position, feature); errors
/// layer-major [n_layers, n_positions]; tokens [n_positions]; targets.
struct GraphNodes {
  std::int32_t n_layers = 0;
  std::vector<std::int32_t> input_ids;          ///< [n_positions]
  std::vector<std::string> tokens;              ///< [n_positions] valid UTF-8
  std::vector<ActiveFeature> active_features;   ///< [k] ascending; all that fired
  std::vector<float> activation_values;         ///< [k]
  std::vector<std::int32_t> selected_features;  ///< [s] ascending indices into active_features
  std::vector<Target> targets;                  ///< [m]

  std::size_t n_positions() const { return input_ids.size(); }
  std::size_t n_features() const { return selected_features.size(); }  ///< selected ones
  std::size_t n_errors() const { return static_cast<std::size_t>(n_layers) * n_positions(); }
  std::size_t first_error() const { return n_features(); }
  std::size_t first_token() const { return first_error() + n_errors(); }
  std::size_t first_target() const { return first_token() + n_positions(); }
  std::size_t n_nodes() const { return first_target() + targets.size(); }
  /// The error node at (layer, position).
  std::size_t error_node(std::size_t layer, std::size_t position) const {
    return first_error() + layer * n_positions() + position;
  }
};

/// What each row summed to before columns of unselected features were dropped; all in the order
/// of rows that exist: selected features, then targets [s + m]. Empty when unknown.
struct RowTotals {
  std::vector<double> totals;           ///< signed sum over all active sources
  std::vector<double> absolute_totals;  ///< sum of magnitudes
  std::vector<double> bias_terms;       ///< what flows along paths that have no node
  std::vector<double> pre_activations;  ///< the explained quantity
};

/// A human-readable name of a feature and who gave it (`output tokens`, a file, a person).
struct FeatureLabel {
  std::string text;
  std::string source;
};

/// The setting of a graph that holds only what pruning kept: its scores cannot be computed.
inline constexpr char kCompactSetting[] = "compact";

/// Where the graph came from. Only what affects numbers: no threads, memory, paths, dates.
struct Provenance {
  std::string prompt;
  std::string model_name, model_hash;
  std::string transcoders_name, transcoders_hash;
  std::string scan;  ///< the `scan` of the transcoders' config.yaml
  std::string tool_version;
  std::map<std::string, std::string>
      settings;  ///< long option -> value, and vocabulary_size, target_ids
  std::map<std::pair<std::int32_t, std::int32_t>, FeatureLabel>
      feature_labels;  ///< (layer, feature)
};

/// Decoder cosines above 0.3 between selected features, for grouping. Empty when not computed.
struct FeatureSimilarity {
  std::vector<std::pair<std::int32_t, std::int32_t>> pairs;  ///< node indices, first < second
  std::vector<float> cosines;                                ///< [pairs]
};

/// A checked graph. Nodes and edges never change after construction; safe to read from many
/// threads.
///
/// Invariants, checked once by the constructor, which throws std::invalid_argument
/// (`[AttributionGraph] …`) naming the first violation: sizes agree; features and selection ascend;
/// columns ascend within each row; every weight and total is finite; target probabilities are
/// finite and not negative, their positions are the prompt's, and a target that is a
/// feature names one; rows of errors and tokens are empty; no column is a target; every feature or
/// error source of a row lies below the layer where the row reads, and no source at a later
/// position. So the node order is topological. Targets at kLastPosition get its number.
class AttributionGraph {
 public:
  AttributionGraph(GraphNodes nodes, EdgeMatrix edges, std::vector<float> row_dropped = {},
                   RowTotals row_totals = {}, Provenance provenance = {},
                   FeatureSimilarity similarity = {});

  std::size_t n_layers() const { return static_cast<std::size_t>(nodes_.n_layers); }
  std::size_t n_positions() const { return nodes_.n_positions(); }
  std::size_t n_features() const { return nodes_.n_features(); }  ///< selected ones
  std::size_t n_errors() const { return nodes_.n_errors(); }
  std::size_t n_targets() const { return nodes_.targets.size(); }
  std::size_t n_nodes() const { return nodes_.n_nodes(); }

  std::size_t first_error() const { return nodes_.first_error(); }
  std::size_t first_token() const { return nodes_.first_token(); }
  std::size_t first_target() const { return nodes_.first_target(); }

  /// The error node at (layer, position).
  std::size_t error_node(std::size_t layer, std::size_t position) const {
    return nodes_.error_node(layer, position);
  }
  Node node(std::size_t index) const;
  NodeKind kind(std::size_t index) const;
  /// The activation of the feature node `index` (must be a feature).
  float activation(std::size_t index) const;
  const Target& target(std::size_t index) const { return nodes_.targets[index - first_target()]; }
  /// The layer whose features read what the row of a feature or target reads; the number of layers
  /// for what is read after the final norm. Sources lie below it.
  std::int32_t read_layer(std::size_t index) const;

  const GraphNodes& nodes() const { return nodes_; }
  const EdgeMatrix& edges() const { return edges_; }
  /// Share of each row's absolute sum that lay on features which the cap dropped [n_nodes]; zeros
  /// when the constructor was given none.
  std::span<const float> row_dropped() const { return row_dropped_; }
  const RowTotals& row_totals() const { return row_totals_; }
  const Provenance& provenance() const { return provenance_; }
  /// Adds names of features; where one is there already it stays.
  void add_feature_labels(std::map<std::pair<std::int32_t, std::int32_t>, FeatureLabel> labels) {
    provenance_.feature_labels.merge(labels);
  }
  /// The same, but these count where there is one already.
  void replace_feature_labels(
      std::map<std::pair<std::int32_t, std::int32_t>, FeatureLabel> labels) {
    labels.merge(provenance_.feature_labels);
    provenance_.feature_labels = std::move(labels);
  }
  /// Notes what else the numbers that come with it depend on, under a name of its own.
  void add_setting(const std::string& name, std::string value) {
    provenance_.settings[name] = std::move(value);
  }
  const FeatureSimilarity& similarity() const { return similarity_; }
  /// What is known about the attention behind it; empty unless put there.
  const AttentionDetails& attention() const { return attention_; }
  /// Puts it there; throws as `check_attention` does.
  void set_attention(AttentionDetails attention);

  /// Initial weights of influence: each target's weight, 0 elsewhere [n_nodes].
  std::vector<double> target_weights() const;
  /// max |total + bias - pre_activation| / (absolute total + |bias| + |pre_activation|) over rows
  /// (docs/method.md, closure); empty when the row totals are unknown.
  std::optional<double> closure_error() const;
  /// Whether it is marked by kCompactSetting.
  bool is_compact() const { return provenance_.settings.contains(kCompactSetting); }
  /// Marks it: scores can no longer be computed from it.
  void mark_compact() { provenance_.settings[kCompactSetting] = "true"; }

 private:
  GraphNodes nodes_;
  EdgeMatrix edges_;
  std::vector<float> row_dropped_;
  RowTotals row_totals_;
  Provenance provenance_;
  FeatureSimilarity similarity_;
  AttentionDetails attention_;
};

}  // namespace circuit
