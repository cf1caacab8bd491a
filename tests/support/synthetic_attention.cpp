#include "tests/support/synthetic_attention.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <random>
#include <utility>
#include <vector>

namespace circuit::testing {
namespace {

using Random = std::mt19937;

/// The standard's distributions give other numbers in other libraries.
double uniform(Random& random) { return static_cast<double>(random()) / 4294967296.0; }

double centred(Random& random) {
  const double x = 2 * uniform(random) - 1;
  return x * x * x;  // a few large, many small
}

/// Heads that an edge can pass: of the layers above its source, up to its target's.
std::vector<EdgePart> parts_of(const Node& source, const Node& target, std::int32_t n_layers,
                               float weight, const SyntheticAttentionOptions& options,
                               Random& random) {
  const std::int32_t first = source.layer + 1;
  const std::int32_t last = std::min(target.layer, n_layers - 1);
  std::vector<EdgePart> parts;
  float left = weight;
  for (int i = 0; i < 4 && first <= last; ++i) {
    const auto span = static_cast<std::uint32_t>(last - first + 1);
    const Head head{
        .layer = first + static_cast<std::int32_t>(random() % span),
        .head = static_cast<std::int32_t>(random() % static_cast<std::uint32_t>(options.n_heads))};
    if (std::ranges::any_of(parts, [&](const EdgePart& part) { return part.head == head; })) {
      continue;
    }
    parts.push_back({EdgeWay::kHead, head, static_cast<float>(centred(random)) * weight});
    left -= parts.back().weight;
  }
  const bool stays = source.position == target.position;
  parts.push_back({stays ? EdgeWay::kResidual : EdgeWay::kOtherHeads, {}, left});
  std::ranges::stable_sort(parts, std::ranges::greater{},
                           [](const EdgePart& part) { return std::abs(part.weight); });
  return parts;
}

EdgeHeads divide(const AttributionGraph& graph, const PrunedGraph& pruned,
                 const SyntheticAttentionOptions& options, Random& random) {
  EdgeHeads heads;
  heads.offsets.push_back(0);
  const EdgeMatrix& edges = graph.edges();
  for (std::size_t target = 0; target < edges.rows(); ++target) {
    for (std::size_t edge = edges.begin(target); edge < edges.end(target); ++edge) {
      if (pruned.edge_mask[edge] == 0) continue;
      const Node source = graph.node(static_cast<std::size_t>(edges.columns[edge]));
      for (const EdgePart& part : parts_of(source, graph.node(target), graph.nodes().n_layers,
                                           edges.weights[edge], options, random)) {
        heads.parts.push_back(part);
      }
      heads.edges.push_back(edge);
      heads.offsets.push_back(heads.parts.size());
    }
  }
  return heads;
}

/// Biases, and what lies below `layer` at or ahead of `position`.
std::vector<ScoreSource> sources_below(const AttributionGraph& graph, std::int32_t layer,
                                       std::int32_t position, Random& random) {
  std::vector<ScoreSource> sources;
  for (const ActiveFeature& feature : graph.nodes().active_features) {
    if (feature.layer >= layer || feature.position > position || uniform(random) < 0.4) continue;
    sources.push_back(Node{NodeKind::kFeature, feature.layer, feature.position, feature.feature});
  }
  for (std::size_t node = graph.first_error(); node < graph.first_target(); ++node) {
    const Node one = graph.node(node);
    if (one.layer < layer && one.position <= position) sources.push_back(one);
  }
  sources.push_back(std::nullopt);
  return sources;
}

/// The `top` largest of each sign.
template <typename T>
std::vector<T> largest(std::vector<T> all, std::size_t top) {
  std::ranges::stable_sort(all, std::ranges::greater{},
                           [](const T& one) { return std::abs(one.value); });
  std::vector<T> chosen;
  std::size_t taken[2] = {0, 0};
  for (const T& one : all) {
    if (taken[one.value < 0 ? 1 : 0]++ < top) chosen.push_back(one);
  }
  return chosen;
}

ScoreTable table_of(const AttributionGraph& graph, const ScoreCell& cell, std::size_t top,
                    Random& random) {
  ScoreTable table;
  table.cell = cell;
  const auto queries = sources_below(graph, cell.head.layer, cell.query, random);
  const auto keys = sources_below(graph, cell.head.layer, cell.key, random);
  std::vector<ScoreTerm> terms;
  std::vector<ScoreMarginal> of_queries, of_keys;
  for (const ScoreSource& key : keys) of_keys.push_back({key, 0});
  table.key_positions.assign(graph.n_positions(), 0);
  for (const ScoreSource& query : queries) {
    of_queries.push_back({query, 0});
    for (std::size_t k = 0; k < keys.size(); ++k) {
      const double value = 0.3 * centred(random);
      terms.push_back({query, keys[k], value});
      of_queries.back().value += value;
      of_keys[k].value += value;
      table.sum += value;
      table.absolute_sum += std::abs(value);
    }
  }
  for (const ScoreMarginal& key : of_keys) {
    if (key.source) {
      table.key_positions[static_cast<std::size_t>(key.source->position)] += key.value;
    } else {
      table.key_bias = key.value;
    }
  }
  table.score = table.sum;
  table.weight = uniform(random);
  table.n_query_sources = queries.size();
  table.n_key_sources = keys.size();
  table.terms = largest(std::move(terms), top);
  table.query_marginals = largest(std::move(of_queries), top);
  table.key_marginals = largest(std::move(of_keys), top);
  return table;
}

}  // namespace

AttentionDetails synthetic_attention(const AttributionGraph& graph, const PrunedGraph& pruned,
                                     const SyntheticAttentionOptions& options) {
  Random random(options.seed);
  AttentionDetails details;
  if (options.parts) details.edge_heads = divide(graph, pruned, options, random);
  const auto n_positions = static_cast<std::int32_t>(graph.n_positions());
  for (std::size_t i = 0; i < options.n_tables; ++i) {
    const auto next = [&](std::int32_t below) {
      return static_cast<std::int32_t>(random() % static_cast<std::uint32_t>(below));
    };
    ScoreCell cell{.head = {next(graph.nodes().n_layers), next(options.n_heads)}};
    cell.query = std::max(0, n_positions - 1 - static_cast<std::int32_t>(i % 2));
    cell.key = next(cell.query + 1);
    if (i % 3 == 2) cell.other_key = next(cell.query + 1);
    details.tables.push_back(table_of(graph, cell, options.top, random));
    if (i % 3 == 2) details.tables.back().other_weight = uniform(random) * 0.1;
    if (i % 4 == 3) details.tables.back().soft_cap = 50;
    if (options.carried) details.carried.push_back(0.2 / static_cast<double>(i + 1));
  }
  return details;
}

AttentionPatterns synthetic_patterns(std::int32_t n_layers, std::int32_t n_heads,
                                     std::size_t n_positions, std::uint32_t seed) {
  Random random(seed);
  AttentionPatterns patterns;
  patterns.n_layers = n_layers;
  patterns.n_heads = n_heads;
  patterns.n_positions = n_positions;
  for (std::int32_t head = 0; head < n_layers * n_heads; ++head) {
    for (std::size_t query = 0; query < n_positions; ++query) {
      std::vector<double> row(n_positions, 0);
      for (std::size_t key = 0; key <= query; ++key) row[key] = 0.02 + 0.1 * uniform(random);
      const std::size_t looks_at[] = {query == 0 ? 0 : query - 1, 0, query, random() % (query + 1)};
      if (head % 4 != 2) row[looks_at[head % 4]] += 8 * uniform(random);
      double sum = 0;
      for (const double weight : row) sum += weight;
      for (const double weight : row) {
        patterns.weights.push_back(static_cast<float>(weight / sum));
      }
    }
  }
  return patterns;
}

}  // namespace circuit::testing
