#include "graph/aggregate.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <stdexcept>
#include <utility>

#include "graph/influence.h"

namespace circuit {
namespace {

Unit unit_of(const AttributionGraph& graph, std::size_t index) {
  const Node node = graph.node(index);
  if (node.kind == NodeKind::kToken) {
    // A token with an id is itself whatever its text.
    const std::string& text = graph.nodes().tokens[static_cast<std::size_t>(node.position)];
    return {node.kind, -1, node.feature, text};
  }
  if (node.kind == NodeKind::kTarget) {
    return {node.kind, node.layer, node.feature, graph.target(index).display};
  }
  return {node.kind, node.layer, node.feature, {}};
}

std::int64_t feature_key(std::int32_t layer, std::int32_t feature) {
  return (std::int64_t{layer} << 32) | feature;
}

std::vector<std::int64_t> as_set(std::vector<std::int64_t> keys) {
  std::ranges::sort(keys);
  keys.erase(std::ranges::unique(keys).begin(), keys.end());
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
  std::vector<const Unit*> unit_at(graph.n_nodes(), nullptr);
  for (const auto& [unit, sums] : here) {
    Sums& all = units_[unit];
    ++all.graphs;
    all.first += sums.first;
    all.second += sums.second;
  }
  for (std::size_t node = 0; node < graph.n_nodes(); ++node) {
    if (pruned.node_mask[node] != 0) unit_at[node] = &units_.find(unit_of(graph, node))->first;
  }

  std::map<std::pair<const Unit*, const Unit*>, Collapsed> edges;
  std::map<const Unit*, double> inputs;
  const EdgeMatrix& matrix = graph.edges();
  for (std::size_t row = 0; row < matrix.rows(); ++row) {
    for (std::size_t e = matrix.begin(row); e < matrix.end(row); ++e) {
      const auto source = static_cast<std::size_t>(matrix.columns[e]);
      if (pruned.edge_mask[e] == 0 || !unit_at[row] || !unit_at[source]) continue;
      const double weight = matrix.weights[e];
      Collapsed& edge = edges[{unit_at[row], unit_at[source]}];
      edge.weight += weight;
      edge.magnitude += std::abs(weight);
      inputs[unit_at[row]] += std::abs(weight);
    }
  }
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
  constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);
  std::vector<std::size_t> tokens, order;
  for (std::size_t u = 0; u < summary.units.size(); ++u) {
    const UnitSummary& unit = summary.units[u];
    if (unit.graphs >= least && unit.unit.kind == NodeKind::kToken) tokens.push_back(u);
  }
  std::ranges::stable_sort(tokens, std::greater(),
                           [&](std::size_t u) { return summary.units[u].graphs; });
  GraphNodes nodes{.n_layers = n_layers_};
  for (const std::size_t u : tokens) {
    nodes.input_ids.push_back(summary.units[u].unit.feature);
    nodes.tokens.push_back(summary.units[u].unit.text);
  }
  nodes.input_ids.push_back(-1);
  nodes.tokens.emplace_back("any position");
  const std::size_t last = tokens.size(), n_columns = last + 1;
  std::vector<std::size_t> place(summary.units.size(), kNowhere);
  for (std::size_t u = 0; u < summary.units.size(); ++u) {
    const UnitSummary& unit = summary.units[u];
    if (unit.graphs < least) continue;
    if (unit.unit.kind == NodeKind::kFeature) {
      place[u] = nodes.active_features.size();
      nodes.selected_features.push_back(static_cast<std::int32_t>(place[u]));
      nodes.active_features.push_back(
          {unit.unit.layer, static_cast<std::int32_t>(last), unit.unit.feature});
      nodes.activation_values.push_back(static_cast<float>(unit.activation_present));
    } else if (unit.unit.kind == NodeKind::kTarget) {
      const bool direction = unit.unit.feature < 0;
      place[u] = nodes.targets.size();  // behind all others, below
      nodes.targets.push_back(
          {.kind = direction ? TargetKind::kDirection : TargetKind::kToken,
           .token_id = unit.unit.feature,
           .probability = unit.activation_present * static_cast<double>(unit.graphs) /
                          static_cast<double>(summary.graphs),
           .label = unit.unit.text,
           .display = unit.unit.text});
    }
  }
  const std::size_t first_error = nodes.active_features.size();
  const std::size_t first_token = first_error + static_cast<std::size_t>(n_layers_) * n_columns;
  for (std::size_t i = 0; i < tokens.size(); ++i) place[tokens[i]] = first_token + i;
  for (std::size_t u = 0; u < summary.units.size(); ++u) {
    const UnitSummary& unit = summary.units[u];
    if (unit.graphs < least) continue;
    if (unit.unit.kind == NodeKind::kError) {
      place[u] = first_error + static_cast<std::size_t>(unit.unit.layer) * n_columns + last;
    }
    if (unit.unit.kind == NodeKind::kTarget) place[u] += first_token + n_columns;
  }

  const std::size_t n_nodes = first_token + n_columns + nodes.targets.size();
  std::vector<std::pair<std::pair<std::size_t, std::size_t>, float>> kept;
  for (const UnitEdge& edge : summary.edges) {
    if (edge.graphs < least) continue;
    kept.push_back({{place[edge.target], place[edge.source]}, static_cast<float>(edge.weight)});
  }
  std::ranges::sort(kept);
  EdgeMatrix rows;
  rows.row_offsets.assign(n_nodes + 1, 0);
  for (const auto& [ends, weight] : kept) {
    ++rows.row_offsets[ends.first + 1];
    rows.columns.push_back(static_cast<std::int32_t>(ends.second));
    rows.weights.push_back(weight);
  }
  for (std::size_t row = 0; row < n_nodes; ++row)
    rows.row_offsets[row + 1] += rows.row_offsets[row];

  Provenance provenance = provenance_;
  provenance.prompt = std::to_string(summary.graphs) + " graphs";
  provenance.settings = {{"compact", "true"}, {"graphs", std::to_string(summary.graphs)}};
  PrunedGraph pruned;
  pruned.node_mask.assign(n_nodes, 0);
  pruned.edge_mask.assign(rows.edges(), 1);
  pruned.options = {.node_threshold = 1, .edge_threshold = 1};
  std::vector<double> influence(n_nodes, 0);
  for (std::size_t u = 0; u < place.size(); ++u) {
    if (place[u] == kNowhere) continue;
    pruned.node_mask[place[u]] = 1;
    influence[place[u]] = summary.units[u].influence;
    const Unit& unit = summary.units[u].unit;
    if (unit.kind != NodeKind::kFeature) continue;
    FeatureLabel& label = provenance.feature_labels[{unit.layer, unit.feature}];
    label.text = std::to_string(summary.units[u].graphs) + "/" + std::to_string(summary.graphs) +
                 (label.text.empty() ? "" : " " + label.text);
  }
  pruned.node_cumulative_influence = cumulative_influence(influence);
  AttributionGraph graph(std::move(nodes), std::move(rows), {}, {}, std::move(provenance));
  return {std::move(graph), std::move(pruned)};
}

}  // namespace circuit
