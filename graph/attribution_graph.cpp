#include "graph/attribution_graph.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace circuit {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw std::invalid_argument("[AttributionGraph] " + what);
}

void require_size(const char* what, std::size_t found, std::size_t expected) {
  if (found != expected) {
    refuse(std::string(what) + " has " + std::to_string(found) + " entries, expected " +
           std::to_string(expected));
  }
}

template <typename T>
void require_finite(const char* what, const std::vector<T>& values) {
  const auto found = std::ranges::find_if_not(values, [](T value) { return std::isfinite(value); });
  if (found != values.end()) {
    refuse(std::string(what) + " " + std::to_string(found - values.begin()) + " is not finite");
  }
}

std::string to_text(const ActiveFeature& feature) {
  return "(" + std::to_string(feature.layer) + ", " + std::to_string(feature.position) + ", " +
         std::to_string(feature.feature) + ")";
}

void check_features(const GraphNodes& nodes) {
  const auto& features = nodes.active_features;
  const auto n_positions = static_cast<std::int64_t>(nodes.input_ids.size());
  require_size("activation_values", nodes.activation_values.size(), features.size());
  require_finite("activation", nodes.activation_values);
  for (std::size_t i = 0; i < features.size(); ++i) {
    const ActiveFeature& feature = features[i];
    if (feature.layer < 0 || feature.layer >= nodes.n_layers || feature.position < 0 ||
        feature.position >= n_positions || feature.feature < 0) {
      refuse("active feature " + std::to_string(i) + " is " + to_text(feature) +
             ", the graph has " + std::to_string(nodes.n_layers) + " layers and " +
             std::to_string(n_positions) + " positions");
    }
    if (i > 0 && features[i - 1] >= feature) {
      refuse("active feature " + std::to_string(i) + " is " + to_text(feature) + " after " +
             to_text(features[i - 1]) + ", expected ascending order");
    }
  }
}

void check_selection(const GraphNodes& nodes) {
  std::int64_t before = -1;
  for (const std::int32_t index : nodes.selected_features) {
    if (index <= before || static_cast<std::size_t>(index) >= nodes.active_features.size()) {
      refuse("selected feature " + std::to_string(index) + " after " + std::to_string(before) +
             ", expected ascending indices below " + std::to_string(nodes.active_features.size()));
    }
    before = index;
  }
}

void check_target(const GraphNodes& nodes, const Target& target) {
  if (!std::isfinite(target.probability) || target.probability < 0.0) {
    refuse("target " + target.label + " has probability " + std::to_string(target.probability) +
           ", expected a finite one from 0 on");
  }
  const auto n_positions = static_cast<std::int64_t>(nodes.input_ids.size());
  if (target.position < kLastPosition || target.position >= n_positions) {
    refuse("target " + target.label + " is at position " + std::to_string(target.position) +
           ", the graph has " + std::to_string(n_positions) + " positions");
  }
  if (target.kind != TargetKind::kFeature) return;
  if (target.layer < 0 || target.layer >= nodes.n_layers || target.feature < 0) {
    refuse("target " + target.label + " is feature " + std::to_string(target.feature) +
           " of layer " + std::to_string(target.layer) + ", the graph has " +
           std::to_string(nodes.n_layers) + " layers");
  }
}

void check_nodes(const GraphNodes& nodes) {
  if (nodes.n_layers < 1) {
    refuse("n_layers is " + std::to_string(nodes.n_layers) + ", expected at least 1");
  }
  require_size("tokens", nodes.tokens.size(), nodes.input_ids.size());
  check_features(nodes);
  check_selection(nodes);
  for (const Target& target : nodes.targets) check_target(nodes, target);
}

void settle_positions(GraphNodes& nodes) {
  for (Target& target : nodes.targets) {
    if (target.position != kLastPosition) continue;
    target.position = static_cast<std::int32_t>(nodes.input_ids.size()) - 1;
  }
}

void check_offsets(const EdgeMatrix& edges, std::size_t n_nodes) {
  require_size("row_offsets", edges.row_offsets.size(), n_nodes + 1);
  require_size("weights", edges.weights.size(), edges.columns.size());
  if (edges.row_offsets.front() != 0 || !std::ranges::is_sorted(edges.row_offsets) ||
      static_cast<std::size_t>(edges.row_offsets.back()) != edges.edges()) {
    refuse("row_offsets do not ascend from 0 to the number of edges, " +
           std::to_string(edges.edges()));
  }
  require_finite("weight", edges.weights);
}

std::string edge_name(std::size_t row, std::int32_t column) {
  return "edge from node " + std::to_string(column) + " to node " + std::to_string(row);
}

/// Columns ascend, exist and are no targets.
void check_columns(const AttributionGraph& graph, std::size_t row) {
  std::int64_t before = -1;
  for (const std::int32_t column : graph.edges().row_columns(row)) {
    if (column <= before) {
      refuse(edge_name(row, column) + " follows that from node " + std::to_string(before) +
             ", expected ascending columns");
    }
    if (static_cast<std::size_t>(column) >= graph.first_target()) {
      refuse(edge_name(row, column) + ": a target or no node at all, expected a source below " +
             std::to_string(graph.first_target()));
    }
    before = column;
  }
}

/// A row reads lower layers, at its own position and earlier ones.
void check_direction(const AttributionGraph& graph, std::size_t row) {
  const std::int32_t layer = graph.read_layer(row), position = graph.node(row).position;
  for (const std::int32_t column : graph.edges().row_columns(row)) {
    const Node source = graph.node(static_cast<std::size_t>(column));
    if (source.layer >= layer || source.position > position) {
      refuse(edge_name(row, column) + " runs from layer " + std::to_string(source.layer) +
             ", position " + std::to_string(source.position) + " to layer " +
             std::to_string(layer) + ", position " + std::to_string(position));
    }
  }
}

void check_edges(const AttributionGraph& graph) {
  check_offsets(graph.edges(), graph.n_nodes());
  for (std::size_t row = 0; row < graph.n_nodes(); ++row) {
    const NodeKind kind = graph.kind(row);
    if (kind == NodeKind::kError || kind == NodeKind::kToken) {
      if (graph.edges().size(row) > 0) {
        refuse("node " + std::to_string(row) + " is an error or a token, but its row has edges");
      }
      continue;
    }
    check_columns(graph, row);
    check_direction(graph, row);
  }
}

void check_totals(const RowTotals& totals, std::size_t rows) {
  const auto check = [rows](const char* what, const std::vector<double>& values) {
    if (!values.empty()) require_size(what, values.size(), rows);
    require_finite(what, values);
  };
  check("row_totals", totals.totals);
  check("row_absolute_totals", totals.absolute_totals);
  check("bias_terms", totals.bias_terms);
  check("pre_activations", totals.pre_activations);
}

void check_similarity(const FeatureSimilarity& similarity, std::size_t n_features) {
  require_size("similarity", similarity.cosines.size(), similarity.pairs.size());
  require_finite("similarity", similarity.cosines);
  for (const auto& [first, second] : similarity.pairs) {
    if (first < 0 || first >= second || static_cast<std::size_t>(second) >= n_features) {
      refuse("similarity pair (" + std::to_string(first) + ", " + std::to_string(second) +
             "), expected ascending feature nodes below " + std::to_string(n_features));
    }
  }
}

}  // namespace

AttributionGraph::AttributionGraph(GraphNodes nodes, EdgeMatrix edges,
                                   std::vector<float> row_dropped, RowTotals row_totals,
                                   Provenance provenance, FeatureSimilarity similarity)
    : nodes_(std::move(nodes)),
      edges_(std::move(edges)),
      row_dropped_(std::move(row_dropped)),
      row_totals_(std::move(row_totals)),
      provenance_(std::move(provenance)),
      similarity_(std::move(similarity)) {
  check_nodes(nodes_);
  settle_positions(nodes_);
  if (n_nodes() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    refuse(std::to_string(n_nodes()) + " nodes, expected fewer than 2^31");
  }
  check_edges(*this);
  if (row_dropped_.empty()) row_dropped_.resize(n_nodes());
  require_size("row_dropped", row_dropped_.size(), n_nodes());
  require_finite("row_dropped", row_dropped_);
  check_totals(row_totals_, n_features() + n_targets());
  check_similarity(similarity_, n_features());
}

NodeKind AttributionGraph::kind(std::size_t index) const {
  if (index < first_error()) return NodeKind::kFeature;
  if (index < first_token()) return NodeKind::kError;
  return index < first_target() ? NodeKind::kToken : NodeKind::kTarget;
}

Node AttributionGraph::node(std::size_t index) const {
  assert(index < n_nodes());
  const auto position_of = [this](std::size_t offset) {
    return static_cast<std::int32_t>(offset % n_positions());
  };
  switch (kind(index)) {
    case NodeKind::kFeature: {
      const auto selected = static_cast<std::size_t>(nodes_.selected_features[index]);
      const ActiveFeature& feature = nodes_.active_features[selected];
      return {NodeKind::kFeature, feature.layer, feature.position, feature.feature};
    }
    case NodeKind::kError: {
      const std::size_t offset = index - first_error();
      return {NodeKind::kError, static_cast<std::int32_t>(offset / n_positions()),
              position_of(offset), -1};
    }
    case NodeKind::kToken: {
      const std::size_t position = index - first_token();
      return {NodeKind::kToken, -1, position_of(position), nodes_.input_ids[position]};
    }
    case NodeKind::kTarget:
      break;
  }
  const Target& at = target(index);
  return {NodeKind::kTarget, nodes_.n_layers, at.position, at.token_id};
}

std::int32_t AttributionGraph::read_layer(std::size_t index) const {
  if (kind(index) != NodeKind::kTarget) return node(index).layer;
  const Target& at = target(index);
  return at.kind == TargetKind::kFeature ? at.layer : nodes_.n_layers;
}

float AttributionGraph::activation(std::size_t index) const {
  assert(kind(index) == NodeKind::kFeature);
  return nodes_.activation_values[static_cast<std::size_t>(nodes_.selected_features[index])];
}

std::vector<double> AttributionGraph::target_weights() const {
  std::vector<double> weights(n_nodes(), 0.0);
  for (std::size_t i = 0; i < n_targets(); ++i) {
    weights[first_target() + i] = nodes_.targets[i].probability;
  }
  return weights;
}

std::optional<double> AttributionGraph::closure_error() const {
  const RowTotals& rows = row_totals_;
  if (rows.totals.empty() || rows.absolute_totals.empty() || rows.bias_terms.empty() ||
      rows.pre_activations.empty()) {
    return std::nullopt;
  }
  double worst = 0.0;
  for (std::size_t i = 0; i < rows.totals.size(); ++i) {
    const double missing = std::abs(rows.totals[i] + rows.bias_terms[i] - rows.pre_activations[i]);
    const double scale =
        rows.absolute_totals[i] + std::abs(rows.bias_terms[i]) + std::abs(rows.pre_activations[i]);
    if (scale > 0.0) worst = std::max(worst, missing / scale);
  }
  return worst;
}

void AttributionGraph::set_attention(AttentionDetails attention) {
  check_attention(attention, n_layers(), n_positions(), edges_.columns.size());
  attention_ = std::move(attention);
}

}  // namespace circuit
