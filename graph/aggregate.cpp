#include "graph/aggregate.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <stdexcept>
#include <utility>

#include "graph/influence.h"
#include "graph/kept_edges.h"

namespace circuit {
namespace {

Unit unit_of(const AttributionGraph& graph, std::size_t index) {
  const Node node = graph.node(index);
  if (node.kind == NodeKind::kToken) {
    // A token with an id is itself whatever its text.
    const std::string& text = graph.nodes().tokens[static_cast<std::size_t>(node.position)];
    return {node.kind, -1, node.feature, text, {}};
  }
  if (node.kind == NodeKind::kTarget) {
    const Target& target = graph.target(index);
    const bool is_feature = target.kind == TargetKind::kFeature;
    return {node.kind, graph.read_layer(index), is_feature ? target.feature : node.feature,
            target.display, target.kind};
  }
  return {node.kind, node.layer, node.feature, {}, {}};
}

std::int64_t feature_key(std::int32_t layer, std::int32_t feature) {
  return (std::int64_t{layer} << 32) | feature;
}

std::vector<std::int64_t> as_set(std::vector<std::int64_t> keys) {
  std::ranges::sort(keys);
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

/// `count` of `all`, each set as likely: the first steps of a shuffle. The library's own shuffle
/// differs between implementations.
std::vector<std::int64_t> draw(std::vector<std::int64_t> all, std::size_t count,
                               std::mt19937_64& dice) {
  for (std::size_t i = 0; i < count; ++i) {
    std::swap(all[i], all[i + static_cast<std::size_t>(dice() % (all.size() - i))]);
  }
  all.resize(count);
  return as_set(std::move(all));
}

double jaccard(const std::vector<std::int64_t>& a, const std::vector<std::int64_t>& b) {
  std::size_t common = 0;
  for (auto i = a.begin(), j = b.begin(); i != a.end() && j != b.end();) {
    if (*i == *j)
      ++common, ++i, ++j;
    else if (*i < *j)
      ++i;
    else
      ++j;
  }
  const std::size_t either = a.size() + b.size() - common;
  return either == 0 ? 1.0 : static_cast<double>(common) / static_cast<double>(either);
}

double mean_jaccard(const std::vector<std::vector<std::int64_t>>& sets) {
  double sum = 0;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) sum += jaccard(sets[i], sets[j]);
  }
  return sum / (static_cast<double>(sets.size()) * static_cast<double>(sets.size() - 1) / 2);
}

/// Kept edges between units of one graph: weight, and magnitude.
struct Collapsed {
  double weight = 0;
  double magnitude = 0;
};

/// The summary as nodes and rows.
class OneGraph {
 public:
  OneGraph(const Summary& summary, std::size_t least, std::int32_t n_layers, Provenance provenance)
      : summary_(summary), least_(least), provenance_(std::move(provenance)) {
    nodes_.n_layers = n_layers;
  }

  std::pair<AttributionGraph, PrunedGraph> build() {
    add_columns();
    add_features_and_targets();
    place_units();
    describe();
    EdgeMatrix rows = make_rows();
    PrunedGraph pruned = make_masks(rows.edges());
    return {AttributionGraph(std::move(nodes_), std::move(rows), {}, {}, std::move(provenance_)),
            std::move(pruned)};
  }

 private:
  /// Calls `visit(index, unit)` for those that are in enough graphs.
  template <typename Visit>
  void for_each_unit(Visit visit) const {
    for (std::size_t u = 0; u < summary_.units.size(); ++u) {
      if (summary_.units[u].graphs >= least_) visit(u, summary_.units[u]);
    }
  }

  void add_columns() {
    for_each_unit([&](std::size_t u, const UnitSummary& unit) {
      if (unit.unit.kind == NodeKind::kToken) tokens_.push_back(u);
    });
    std::ranges::stable_sort(tokens_, std::greater(),
                             [&](std::size_t u) { return summary_.units[u].graphs; });
    for (const std::size_t u : tokens_) {
      nodes_.input_ids.push_back(summary_.units[u].unit.feature);
      nodes_.tokens.push_back(summary_.units[u].unit.text);
    }
    nodes_.input_ids.push_back(-1);
    nodes_.tokens.emplace_back("any position");
  }

  void add_features_and_targets() {
    const auto last = static_cast<std::int32_t>(tokens_.size());
    for_each_unit([&](std::size_t, const UnitSummary& unit) {
      const Unit& what = unit.unit;
      if (what.kind == NodeKind::kFeature) {
        nodes_.selected_features.push_back(
            static_cast<std::int32_t>(nodes_.active_features.size()));
        nodes_.active_features.push_back({what.layer, last, what.feature});
        nodes_.activation_values.push_back(static_cast<float>(unit.activation_present));
      }
      if (what.kind != NodeKind::kTarget) return;
      const double present = static_cast<double>(unit.graphs);
      const bool is_feature = what.target == TargetKind::kFeature;
      nodes_.targets.push_back(
          {.kind = what.target,
           .token_id = is_feature ? -1 : what.feature,
           .probability = unit.activation_present * present / static_cast<double>(summary_.graphs),
           .label = what.text,
           .display = what.text,
           .layer = is_feature ? what.layer : -1,
           .feature = is_feature ? what.feature : -1});
    });
  }

  /// Units are in the order of their kinds, features and targets in that of the nodes.
  void place_units() {
    std::size_t feature = 0, target = nodes_.first_target();
    for_each_unit([&](std::size_t u, const UnitSummary& unit) {
      if (unit.unit.kind == NodeKind::kFeature) place_[u] = feature++;
      if (unit.unit.kind == NodeKind::kTarget) place_[u] = target++;
      if (unit.unit.kind == NodeKind::kError) {
        // In the last column, behind those of the tokens.
        place_[u] = nodes_.error_node(static_cast<std::size_t>(unit.unit.layer), tokens_.size());
      }
    });
    for (std::size_t i = 0; i < tokens_.size(); ++i) place_[tokens_[i]] = nodes_.first_token() + i;
  }

  void describe() {
    provenance_.prompt = std::to_string(summary_.graphs) + " graphs";
    provenance_.settings = {{kCompactSetting, "true"}, {"graphs", std::to_string(summary_.graphs)}};
    for_each_unit([&](std::size_t, const UnitSummary& unit) {
      if (unit.unit.kind != NodeKind::kFeature) return;
      FeatureLabel& label = provenance_.feature_labels[{unit.unit.layer, unit.unit.feature}];
      label.text = std::to_string(unit.graphs) + "/" + std::to_string(summary_.graphs) +
                   (label.text.empty() ? "" : " " + label.text);
    });
  }

  EdgeMatrix make_rows() const {
    std::vector<MatrixEntry> kept;
    for (const UnitEdge& edge : summary_.edges) {
      if (edge.graphs < least_) continue;
      kept.push_back(
          {place_.at(edge.target), place_.at(edge.source), static_cast<float>(edge.weight)});
    }
    std::ranges::sort(kept, {},
                      [](const MatrixEntry& entry) { return std::pair(entry.row, entry.column); });
    return compress(kept, nodes_.n_nodes());
  }

  PrunedGraph make_masks(std::size_t n_edges) const {
    PrunedGraph pruned;
    pruned.node_mask.assign(nodes_.n_nodes(), 0);
    pruned.edge_mask.assign(n_edges, 1);
    pruned.options = {.node_threshold = 1, .edge_threshold = 1};
    std::vector<double> influence(nodes_.n_nodes(), 0);
    for (const auto& [u, place] : place_) {
      pruned.node_mask[place] = 1;
      influence[place] = summary_.units[u].influence;
    }
    pruned.node_cumulative_influence = cumulative_influence(influence);
    return pruned;
  }

  const Summary& summary_;
  std::size_t least_;
  Provenance provenance_;
  GraphNodes nodes_;
  std::vector<std::size_t> tokens_;           // units, in the order of their columns
  std::map<std::size_t, std::size_t> place_;  // unit -> node
};

}  // namespace

void GraphSummarizer::add(const AttributionGraph& graph, const PrunedGraph& pruned) {
  if (pruned.node_mask.size() != graph.n_nodes() ||
      pruned.edge_mask.size() != graph.edges().edges()) {
    throw std::invalid_argument("[aggregate] masks do not fit the graph");
  }
  if (graphs_ == 0) {
    n_layers_ = graph.nodes().n_layers;
    provenance_ = graph.provenance();
  }
  if (graph.nodes().n_layers != n_layers_) {
    throw std::invalid_argument("[aggregate] a graph of " + std::to_string(graph.nodes().n_layers) +
                                " layers, expected " + std::to_string(n_layers_) +
                                " as the first has");
  }
  ++graphs_;
  const auto& labels = graph.provenance().feature_labels;
  provenance_.feature_labels.insert(labels.begin(), labels.end());
  add_features(graph, pruned);
  add_edges(graph, pruned, add_units(graph, pruned));
}

std::vector<const Unit*> GraphSummarizer::add_units(const AttributionGraph& graph,
                                                    const PrunedGraph& pruned) {
  const std::vector<double> influence =
      compute_flow(graph, {.rows = pruned.node_mask, .sources = pruned.node_mask}).influence;
  double total = 0;
  for (const Target& target : graph.nodes().targets) total += target.probability;
  std::map<Unit, Sums> here;
  for (std::size_t node = 0; node < graph.n_nodes(); ++node) {
    if (pruned.node_mask[node] == 0) continue;
    Sums& sums = here[unit_of(graph, node)];
    if (total > 0) sums.first += influence[node] / total;
    if (graph.kind(node) == NodeKind::kFeature) sums.second += graph.activation(node);
    if (graph.kind(node) == NodeKind::kTarget) sums.second += graph.target(node).probability;
  }
  for (const auto& [unit, sums] : here) {
    Sums& all = units_[unit];
    ++all.graphs;
    all.first += sums.first;
    all.second += sums.second;
  }
  std::vector<const Unit*> unit_at(graph.n_nodes(), nullptr);
  for (std::size_t node = 0; node < graph.n_nodes(); ++node) {
    if (pruned.node_mask[node] != 0) unit_at[node] = &units_.find(unit_of(graph, node))->first;
  }
  return unit_at;
}

void GraphSummarizer::add_edges(const AttributionGraph& graph, const PrunedGraph& pruned,
                                const std::vector<const Unit*>& unit_at) {
  std::map<std::pair<const Unit*, const Unit*>, Collapsed> edges;
  std::map<const Unit*, double> inputs;
  for_each_kept_edge(graph, pruned, [&](std::size_t source, std::size_t target, double weight) {
    Collapsed& edge = edges[{unit_at[target], unit_at[source]}];
    edge.weight += weight;
    edge.magnitude += std::abs(weight);
    inputs[unit_at[target]] += std::abs(weight);
  });
  for (const auto& [ends, edge] : edges) {
    Sums& all = edges_[ends];
    ++all.graphs;
    all.first += edge.weight;
    if (inputs[ends.first] > 0) all.second += edge.magnitude / inputs[ends.first];
  }
}

void GraphSummarizer::add_features(const AttributionGraph& graph, const PrunedGraph& pruned) {
  std::vector<std::int64_t> kept, active;
  for (std::size_t node = 0; node < graph.n_features(); ++node) {
    const Node what = graph.node(node);
    if (pruned.node_mask[node] != 0) kept.push_back(feature_key(what.layer, what.feature));
  }
  for (const ActiveFeature& feature : graph.nodes().active_features) {
    active.push_back(feature_key(feature.layer, feature.feature));
  }
  kept_.push_back(as_set(std::move(kept)));
  active = as_set(std::move(active));
  if (active.size() == kept_.back().size() && !active.empty()) all_know_active_ = false;
  drawn_.resize(kDraws);
  for (std::size_t d = 0; d < kDraws; ++d) {
    std::seed_seq seeds{seed_, std::uint64_t{graphs_}, std::uint64_t{d}};
    std::mt19937_64 dice(seeds);
    drawn_[d].push_back(draw(active, kept_.back().size(), dice));
  }
}

Summary GraphSummarizer::summary() const {
  Summary summary{.graphs = graphs_, .units = {}, .edges = {}, .overlap = {}};
  const double all = std::max<double>(1, static_cast<double>(graphs_));
  std::map<const Unit*, std::size_t> index;
  for (const auto& [unit, sums] : units_) {
    index[&unit] = summary.units.size();
    const auto present = static_cast<double>(sums.graphs);
    summary.units.push_back(
        {unit, sums.graphs, sums.first / all, sums.first / present, sums.second / present});
  }
  for (const auto& [ends, sums] : edges_) {
    const auto present = static_cast<double>(sums.graphs);
    summary.edges.push_back({index.at(ends.second), index.at(ends.first), sums.graphs,
                             sums.first / all, sums.first / present, sums.second / all,
                             sums.second / present});
  }
  std::ranges::sort(summary.edges, {},
                    [](const UnitEdge& edge) { return std::pair(edge.target, edge.source); });
  if (graphs_ < 2) return summary;
  summary.overlap = Overlap{.jaccard = mean_jaccard(kept_), .random = {}};
  if (all_know_active_) {
    double sum = 0;
    for (const auto& sets : drawn_) sum += mean_jaccard(sets);
    summary.overlap->random = sum / static_cast<double>(kDraws);
  }
  return summary;
}

std::pair<AttributionGraph, PrunedGraph> GraphSummarizer::graph(const Summary& summary,
                                                                std::size_t least) const {
  return OneGraph(summary, least, n_layers_, provenance_).build();
}

}  // namespace circuit
