#include <algorithm>
#include <utility>

#include "graph/kept_edges.h"
#include "graph/prune.h"

namespace circuit {
namespace {

constexpr std::int32_t kGone = -1;

/// Old node index -> new one, kGone for unkept features.
std::vector<std::int32_t> renumber(const AttributionGraph& graph, const PrunedGraph& pruned) {
  std::vector<std::int32_t> new_index(graph.n_nodes(), kGone);
  std::int32_t next = 0;
  for (std::size_t node = 0; node < graph.n_nodes(); ++node) {
    if (node >= graph.n_features() || pruned.node_mask[node] != 0) new_index[node] = next++;
  }
  return new_index;
}

/// visit(edge, new index of its source) for each edge of `row` that stays.
template <typename Visit>
void for_each_left(const AttributionGraph& graph, const PrunedGraph& pruned,
                   const std::vector<std::int32_t>& new_index, std::size_t row, Visit&& visit) {
  const EdgeMatrix& edges = graph.edges();
  if (new_index[row] == kGone) return;
  for (std::size_t edge = edges.begin(row); edge < edges.end(row); ++edge) {
    const std::int32_t column = new_index[static_cast<std::size_t>(edges.columns[edge])];
    if (pruned.edge_mask[edge] != 0 && column != kGone) visit(edge, column);
  }
}

EdgeMatrix kept_edges(const AttributionGraph& graph, const PrunedGraph& pruned,
                      const std::vector<std::int32_t>& new_index) {
  EdgeMatrix kept;
  kept.columns.reserve(pruned.kept_edges());
  kept.weights.reserve(pruned.kept_edges());
  for (std::size_t row = 0; row < graph.edges().rows(); ++row) {
    for_each_left(graph, pruned, new_index, row, [&](std::size_t edge, std::int32_t column) {
      kept.columns.push_back(column);
      kept.weights.push_back(graph.edges().weights[edge]);
    });
    if (new_index[row] == kGone) continue;
    kept.row_offsets.push_back(static_cast<std::int64_t>(kept.columns.size()));
  }
  return kept;
}

/// The entries of kept nodes; `values` may start with all nodes or be of rows that exist.
template <typename T>
std::vector<T> select(const std::vector<T>& values, const std::vector<std::uint8_t>& keep) {
  std::vector<T> kept;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (keep[i] != 0) kept.push_back(values[i]);
  }
  return kept;
}

RowTotals kept_totals(const AttributionGraph& graph, const PrunedGraph& pruned) {
  std::vector<std::uint8_t> keep(graph.n_features() + graph.n_targets(), 1);
  std::copy_n(pruned.node_mask.begin(), graph.n_features(), keep.begin());
  const RowTotals& rows = graph.row_totals();
  return {.totals = select(rows.totals, keep),
          .absolute_totals = select(rows.absolute_totals, keep),
          .bias_terms = select(rows.bias_terms, keep),
          .pre_activations = select(rows.pre_activations, keep)};
}

FeatureSimilarity kept_similarity(const AttributionGraph& graph,
                                  const std::vector<std::int32_t>& new_index) {
  const FeatureSimilarity& all = graph.similarity();
  FeatureSimilarity kept;
  for (std::size_t i = 0; i < all.pairs.size(); ++i) {
    const std::int32_t first = new_index[static_cast<std::size_t>(all.pairs[i].first)];
    const std::int32_t second = new_index[static_cast<std::size_t>(all.pairs[i].second)];
    if (first == kGone || second == kGone) continue;
    kept.pairs.emplace_back(first, second);
    kept.cosines.push_back(all.cosines[i]);
  }
  return kept;
}

/// Score tables stay as they are: they name features, not nodes.
AttentionDetails kept_attention(const AttributionGraph& graph, const PrunedGraph& pruned,
                                const std::vector<std::int32_t>& new_index) {
  const AttentionDetails& all = graph.attention();
  AttentionDetails kept{.edge_heads = {}, .tables = all.tables, .carried = all.carried};
  if (all.edge_heads.empty()) return kept;
  std::size_t next = 0;
  for (std::size_t row = 0; row < graph.edges().rows(); ++row) {
    for_each_left(graph, pruned, new_index, row, [&](std::size_t edge, std::int32_t) {
      const auto parts = all.edge_heads.find(edge);
      if (!parts.empty()) kept.edge_heads.add(next, parts);
      ++next;
    });
  }
  return kept;
}

}  // namespace

AttributionGraph compact(const AttributionGraph& graph, const PrunedGraph& pruned) {
  require_masks_of(graph, pruned, "compact");
  const std::vector<std::int32_t> new_index = renumber(graph, pruned);
  std::vector<std::uint8_t> keep(graph.n_nodes());
  std::ranges::transform(new_index, keep.begin(),
                         [](std::int32_t index) { return index == kGone ? 0 : 1; });
  GraphNodes nodes = graph.nodes();
  nodes.selected_features = select(nodes.selected_features, keep);
  const std::span<const float> dropped = graph.row_dropped();
  AttributionGraph left(std::move(nodes), kept_edges(graph, pruned, new_index),
                        select(std::vector<float>(dropped.begin(), dropped.end()), keep),
                        kept_totals(graph, pruned), graph.provenance(),
                        kept_similarity(graph, new_index));
  left.set_attention(kept_attention(graph, pruned, new_index));
  return left;
}

}  // namespace circuit
