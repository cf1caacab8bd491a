#include "graph/compare.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <stdexcept>
#include <utility>

namespace circuit {
namespace {

void require_masks(const PrunedView& view) {
  const AttributionGraph& graph = view.graph;
  if (view.pruned.node_mask.size() == graph.n_nodes() &&
      view.pruned.node_cumulative_influence.size() == graph.n_nodes() &&
      view.pruned.edge_mask.size() == graph.edges().edges()) {
    return;
  }
  throw std::invalid_argument("[compare] masks of " + std::to_string(view.pruned.node_mask.size()) +
                              " nodes, the graph has " + std::to_string(graph.n_nodes()));
}

/// One of the two graphs, and where its nodes are in the union.
struct Part {
  const PrunedView* view = nullptr;
  std::vector<std::int32_t> column_of;  // [n_positions]
  std::vector<std::size_t> node_of;     // [n_nodes] meaningful for kept ones
};

std::vector<std::int32_t> columns_of(const PrunedView& view,
                                     const std::vector<AlignedPosition>& columns,
                                     std::optional<std::size_t> AlignedPosition::*side) {
  std::vector<std::int32_t> column_of;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const auto position = columns[c].*side;
    if (!position) continue;
    if (*position != column_of.size()) break;
    column_of.push_back(static_cast<std::int32_t>(c));
  }
  if (column_of.size() == view.graph.n_positions()) return column_of;
  throw std::invalid_argument("[compare] columns hold " + std::to_string(column_of.size()) +
                              " positions in order, the graph has " +
                              std::to_string(view.graph.n_positions()));
}

/// The mean of a value that both have, else the one that is there.
class Mean {
 public:
  void add(double value) {
    sum_ += value;
    ++count_;
  }
  double value() const { return sum_ / count_; }

 private:
  double sum_ = 0;
  int count_ = 0;
};

class Union {
 public:
  Union(const PrunedView& a, const PrunedView& b, std::vector<AlignedPosition> columns)
      : columns_(std::move(columns)) {
    parts_[0] = {&a, columns_of(a, columns_, &AlignedPosition::a), {}};
    parts_[1] = {&b, columns_of(b, columns_, &AlignedPosition::b), {}};
  }

  Comparison build() {
    nodes_.n_layers =
        std::max(parts_[0].view->graph.nodes().n_layers, parts_[1].view->graph.nodes().n_layers);
    add_tokens();
    add_features();
    add_targets();
    for (Part& part : parts_) place(part);
    std::vector<ComparedEdge> edges = merge_edges();
    AttributionGraph graph(nodes_, rows_of(edges), {}, {}, provenance());
    Comparison comparison{.columns = std::move(columns_),
                          .graph = std::move(graph),
                          .kept = {},
                          .node_sides = {},
                          .edges = std::move(edges),
                          .nodes = {},
                          .features = {}};
    add_masks(comparison);
    count_features(comparison);
    return comparison;
  }

 private:
  void add_tokens() {
    for (const AlignedPosition& column : columns_) {
      const GraphNodes* const a = column.a ? &parts_[0].view->graph.nodes() : nullptr;
      const GraphNodes* const b = column.b ? &parts_[1].view->graph.nodes() : nullptr;
      nodes_.input_ids.push_back(a != nullptr ? a->input_ids[*column.a] : b->input_ids[*column.b]);
      std::string token = a != nullptr ? a->tokens[*column.a] : b->tokens[*column.b];
      if (a != nullptr && b != nullptr && b->tokens[*column.b] != token) {
        token += " /" + b->tokens[*column.b];
      }
      nodes_.tokens.push_back(std::move(token));
    }
  }

  ActiveFeature feature_of(const Part& part, std::size_t node) const {
    const Node what = part.view->graph.node(node);
    return {what.layer, part.column_of[static_cast<std::size_t>(what.position)], what.feature};
  }

  void add_features() {
    std::map<ActiveFeature, Mean> activations;
    for (const Part& part : parts_) {
      for (std::size_t node = 0; node < part.view->graph.n_features(); ++node) {
        if (part.view->pruned.node_mask[node] == 0) continue;
        activations[feature_of(part, node)].add(part.view->graph.activation(node));
      }
    }
    for (const auto& [feature, activation] : activations) {
      nodes_.selected_features.push_back(static_cast<std::int32_t>(nodes_.active_features.size()));
      nodes_.active_features.push_back(feature);
      nodes_.activation_values.push_back(static_cast<float>(activation.value()));
    }
  }

  /// The last positions of both are one, in whichever columns their tokens stand; but a feature
  /// stands where others of its position do.
  std::int32_t column_of_target(const Part& part, const Target& target) const {
    const auto position = static_cast<std::size_t>(target.position);
    const bool last = position + 1 == part.column_of.size();
    if (last && target.kind != TargetKind::kFeature) return kLastPosition;
    return part.column_of[position];
  }

  std::size_t find_target(const Part& part, const Target& target) const {
    const std::int32_t column = column_of_target(part, target);
    const auto found = std::ranges::find_if(nodes_.targets, [&](const Target& other) {
      return other.kind == target.kind && other.token_id == target.token_id &&
             other.position == column &&
             (target.kind == TargetKind::kToken || other.label == target.label);
    });
    return static_cast<std::size_t>(found - nodes_.targets.begin());
  }

  void add_targets() {
    std::vector<Mean> weights;
    for (const Part& part : parts_) {
      for (const Target& target : part.view->graph.nodes().targets) {
        const std::size_t i = find_target(part, target);
        if (i == nodes_.targets.size()) {
          nodes_.targets.push_back(target);
          nodes_.targets.back().position = column_of_target(part, target);
          weights.emplace_back();
        }
        weights[i].add(target.probability);
        nodes_.targets[i].probability = weights[i].value();
      }
    }
  }

  void place(Part& part) const {
    const AttributionGraph& graph = part.view->graph;
    part.node_of.resize(graph.n_nodes());
    for (std::size_t node = 0; node < graph.n_nodes(); ++node) {
      const Node what = graph.node(node);
      const auto column =
          static_cast<std::size_t>(part.column_of[static_cast<std::size_t>(what.position)]);
      std::size_t& place = part.node_of[node];
      if (what.kind == NodeKind::kFeature) {
        const auto found = std::ranges::lower_bound(nodes_.active_features, feature_of(part, node));
        place = static_cast<std::size_t>(found - nodes_.active_features.begin());
      } else if (what.kind == NodeKind::kError) {
        place = nodes_.error_node(static_cast<std::size_t>(what.layer), column);
      } else if (what.kind == NodeKind::kToken) {
        place = nodes_.first_token() + column;
      } else {
        place = nodes_.first_target() + find_target(part, graph.target(node));
      }
    }
  }

  void append_edges(const Part& part, Side side, std::vector<ComparedEdge>& edges) const {
    const EdgeMatrix& matrix = part.view->graph.edges();
    const PrunedGraph& pruned = part.view->pruned;
    for (std::size_t row = 0; row < matrix.rows(); ++row) {
      if (pruned.node_mask[row] == 0) continue;
      const std::size_t first = edges.size();
      double total = 0;
      for (std::size_t e = matrix.begin(row); e < matrix.end(row); ++e) {
        const auto source = static_cast<std::size_t>(matrix.columns[e]);
        if (pruned.edge_mask[e] == 0 || pruned.node_mask[source] == 0) continue;
        ComparedEdge edge{part.node_of[source], part.node_of[row], side};
        (side == Side::kOnlyA ? edge.weight_a : edge.weight_b) = matrix.weights[e];
        edges.push_back(edge);
        total += std::abs(static_cast<double>(matrix.weights[e]));
      }
      for (std::size_t i = first; i < edges.size() && total > 0; ++i) {
        edges[i].share_a = edges[i].weight_a / total;
        edges[i].share_b = edges[i].weight_b / total;
      }
    }
  }

  /// By target, then source, as rows are; the edge of A comes before that of B.
  std::vector<ComparedEdge> merge_edges() const {
    std::vector<ComparedEdge> all, merged;
    append_edges(parts_[0], Side::kOnlyA, all);
    append_edges(parts_[1], Side::kOnlyB, all);
    std::ranges::stable_sort(
        all, {}, [](const ComparedEdge& edge) { return std::pair(edge.target, edge.source); });
    for (const ComparedEdge& edge : all) {
      if (!merged.empty() && merged.back().target == edge.target &&
          merged.back().source == edge.source) {
        ComparedEdge& both = merged.back();
        both.side = Side::kBoth;
        both.weight_b = edge.weight_b;
        both.share_b = edge.share_b;
      } else {
        merged.push_back(edge);
      }
    }
    return merged;
  }

  EdgeMatrix rows_of(const std::vector<ComparedEdge>& edges) const {
    std::vector<MatrixEntry> entries;
    for (const ComparedEdge& edge : edges) {
      const double sum = edge.weight_a + edge.weight_b;
      entries.push_back(
          {edge.target, edge.source, static_cast<float>(edge.side == Side::kBoth ? sum / 2 : sum)});
    }
    return compress(entries, nodes_.n_nodes());
  }

  /// What holds for both.
  Provenance provenance() const {
    const Provenance& a = parts_[0].view->graph.provenance();
    const Provenance& b = parts_[1].view->graph.provenance();
    const auto shared = [](const std::string& x, const std::string& y) {
      return x == y ? x : std::string();
    };
    Provenance both{.prompt = "A: " + a.prompt + "   B: " + b.prompt,
                    .model_name = shared(a.model_name, b.model_name),
                    .model_hash = shared(a.model_hash, b.model_hash),
                    .transcoders_name = shared(a.transcoders_name, b.transcoders_name),
                    .transcoders_hash = shared(a.transcoders_hash, b.transcoders_hash),
                    .scan = shared(a.scan, b.scan),
                    .tool_version = shared(a.tool_version, b.tool_version),
                    .settings = {{kCompactSetting, "true"}},
                    .feature_labels = a.feature_labels};
    both.feature_labels.insert(b.feature_labels.begin(), b.feature_labels.end());
    for (const auto& [option, value] : a.settings) {
      const auto other = b.settings.find(option);
      if (other != b.settings.end() && other->second == value) both.settings[option] = value;
    }
    return both;
  }

  void add_masks(Comparison& comparison) const {
    const std::size_t n_nodes = comparison.graph.n_nodes();
    comparison.kept.node_mask.assign(n_nodes, 0);
    comparison.kept.edge_mask.assign(comparison.graph.edges().edges(), 1);
    comparison.kept.node_cumulative_influence.assign(n_nodes, 1.0F);
    comparison.node_sides.assign(n_nodes, Side::kBoth);
    for (std::size_t p = 0; p < 2; ++p) {
      const PrunedGraph& pruned = parts_[p].view->pruned;
      for (std::size_t node = 0; node < pruned.node_mask.size(); ++node) {
        if (pruned.node_mask[node] == 0) continue;
        const std::size_t place = parts_[p].node_of[node];
        const bool first = comparison.kept.node_mask[place] == 0;
        comparison.kept.node_mask[place] = 1;
        comparison.node_sides[place] = !first ? Side::kBoth : p == 0 ? Side::kOnlyA : Side::kOnlyB;
        float& influence = comparison.kept.node_cumulative_influence[place];
        influence = std::min(influence, pruned.node_cumulative_influence[node]);
      }
    }
    const PruneOptions &a = parts_[0].view->pruned.options, &b = parts_[1].view->pruned.options;
    comparison.kept.options = {.node_threshold = std::max(a.node_threshold, b.node_threshold),
                               .edge_threshold = std::max(a.edge_threshold, b.edge_threshold)};
    for (std::size_t node = 0; node < n_nodes; ++node) {
      if (comparison.kept.node_mask[node] != 0) comparison.nodes.add(comparison.node_sides[node]);
    }
  }

  void count_features(Comparison& comparison) const {
    std::map<std::pair<std::int32_t, std::int32_t>, std::set<std::size_t>> seen;
    for (std::size_t p = 0; p < 2; ++p) {
      const PrunedView& view = *parts_[p].view;
      for (std::size_t node = 0; node < view.graph.n_features(); ++node) {
        if (view.pruned.node_mask[node] == 0) continue;
        const Node what = view.graph.node(node);
        seen[{what.layer, what.feature}].insert(p);
      }
    }
    for (const auto& [feature, graphs] : seen) {
      comparison.features.add(graphs.size() == 2   ? Side::kBoth
                              : graphs.contains(0) ? Side::kOnlyA
                                                   : Side::kOnlyB);
    }
  }

  std::vector<AlignedPosition> columns_;
  Part parts_[2];
  GraphNodes nodes_;
};

}  // namespace

std::vector<AlignedPosition> align_prompts(const AttributionGraph& a, const AttributionGraph& b,
                                           std::span<const FixedPair> fixed) {
  const auto same = [&](std::size_t i, std::size_t j) {
    const std::int32_t id_a = a.nodes().input_ids[i], id_b = b.nodes().input_ids[j];
    if (id_a < 0 || id_b < 0) return a.nodes().tokens[i] == b.nodes().tokens[j];
    return id_a == id_b;
  };
  return align(a.n_positions(), b.n_positions(), same, fixed);
}

void require_same_transcoders(const AttributionGraph& a, const AttributionGraph& b) {
  const Provenance &of_a = a.provenance(), &of_b = b.provenance();
  const bool hashes = !of_a.transcoders_hash.empty() && !of_b.transcoders_hash.empty();
  const std::string& name_a = hashes ? of_a.transcoders_hash : of_a.scan;
  const std::string& name_b = hashes ? of_b.transcoders_hash : of_b.scan;
  if (name_a == name_b) return;
  throw std::invalid_argument("[compare] the graphs are of the transcoders '" + name_a + "' and '" +
                              name_b + "', expected the same");
}

Comparison compare(const PrunedView& a, const PrunedView& b, std::vector<AlignedPosition> columns) {
  require_masks(a);
  require_masks(b);
  return Union(a, b, std::move(columns)).build();
}

}  // namespace circuit
