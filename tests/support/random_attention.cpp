#include "tests/support/random_attention.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace circuit::testing {
namespace {

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : engine_(seed) {}

  // The library's distributions differ between implementations; this does not.
  std::size_t below(std::size_t end) { return engine_() % end; }
  bool once_in(std::size_t times) { return below(times) == 0; }
  double number() {
    if (once_in(20)) return -0.0;
    if (once_in(20)) return std::numeric_limits<double>::denorm_min();
    return std::ldexp(static_cast<double>(engine_()) - 2147483648.0,
                      static_cast<int>(below(60)) - 60);
  }

 private:
  std::mt19937 engine_;
};

class AttentionMaker {
 public:
  AttentionMaker(const AttributionGraph& graph, std::uint32_t seed) : graph_(graph), dice_(seed) {}

  AttentionDetails make() {
    AttentionDetails details;
    const std::size_t n_edges = graph_.edges().edges();
    for (std::size_t edge = 0; edge < n_edges; ++edge) {
      if (dice_.once_in(2)) details.edge_heads.add(edge, parts());
    }
    for (std::size_t left = dice_.below(4); left > 0; --left) details.tables.push_back(table());
    if (dice_.once_in(2)) return details;
    for (std::size_t i = 0; i < details.tables.size(); ++i) {
      details.carried.push_back(dice_.number());
    }
    return details;
  }

 private:
  Head head() {
    return {.layer = static_cast<std::int32_t>(dice_.below(graph_.n_layers())),
            .head = static_cast<std::int32_t>(dice_.below(12))};
  }
  std::int32_t position() { return static_cast<std::int32_t>(dice_.below(graph_.n_positions())); }

  std::vector<EdgePart> parts() {
    std::vector<EdgePart> parts;
    for (std::size_t left = 1 + dice_.below(4); left > 0; --left) {
      EdgePart part{.weight = static_cast<float>(dice_.number())};
      const std::size_t way = dice_.below(5);
      if (way == 0) part.way = EdgeWay::kResidual;
      if (way == 1) part.way = EdgeWay::kOtherHeads;
      if (way > 1) part.head = head();
      parts.push_back(part);
    }
    return parts;
  }

  ScoreSource source() {
    const std::vector<ActiveFeature>& active = graph_.nodes().active_features;
    if (dice_.once_in(5)) return std::nullopt;
    if (dice_.once_in(4) || active.empty()) {
      return graph_.node(graph_.first_error() +
                         dice_.below(graph_.first_target() - graph_.first_error()));
    }
    const ActiveFeature& feature = active[dice_.below(active.size())];
    return Node{NodeKind::kFeature, feature.layer, feature.position, feature.feature};
  }

  std::vector<ScoreMarginal> marginals() {
    std::vector<ScoreMarginal> marginals(dice_.below(5));
    for (ScoreMarginal& marginal : marginals) marginal = {source(), dice_.number()};
    return marginals;
  }

  ScoreTable table() {
    ScoreTable table{.cell = {.head = head(), .query = position(), .key = position()},
                     .score = dice_.number(),
                     .sum = dice_.number(),
                     .absolute_sum = dice_.number(),
                     .soft_cap = dice_.number(),
                     .weight = dice_.number(),
                     .other_weight = dice_.number(),
                     .n_query_sources = dice_.below(1000),
                     .n_key_sources = dice_.below(1000)};
    if (dice_.once_in(3)) table.cell.other_key = position();
    for (std::size_t left = dice_.below(6); left > 0; --left) {
      table.terms.push_back({source(), source(), dice_.number()});
    }
    table.query_marginals = marginals();
    table.key_marginals = marginals();
    if (!dice_.once_in(4)) table.key_positions.resize(graph_.n_positions());
    for (double& sum : table.key_positions) sum = dice_.number();
    table.key_bias = dice_.number();
    return table;
  }

  const AttributionGraph& graph_;
  Dice dice_;
};

bool same(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

bool same(const EdgePart& a, const EdgePart& b) {
  return a.way == b.way && (a.way != EdgeWay::kHead || a.head == b.head) &&
         std::bit_cast<std::uint32_t>(a.weight) == std::bit_cast<std::uint32_t>(b.weight);
}

bool same(const ScoreSource& a, const ScoreSource& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return a->kind == b->kind && a->layer == b->layer && a->position == b->position &&
         a->feature == b->feature;
}

bool same(const ScoreMarginal& a, const ScoreMarginal& b) {
  return same(a.source, b.source) && same(a.value, b.value);
}

bool same(const ScoreTerm& a, const ScoreTerm& b) {
  return same(a.query, b.query) && same(a.key, b.key) && same(a.value, b.value);
}

bool same(const ScoreTable& a, const ScoreTable& b);

template <typename Item>
bool same(const std::vector<Item>& a, const std::vector<Item>& b) {
  return std::ranges::equal(a, b, [](const Item& x, const Item& y) { return same(x, y); });
}

bool same(const ScoreTable& a, const ScoreTable& b) {
  const ScoreCell &x = a.cell, &y = b.cell;
  return x.head == y.head && x.query == y.query && x.key == y.key && x.other_key == y.other_key &&
         same(a.score, b.score) && same(a.sum, b.sum) && same(a.absolute_sum, b.absolute_sum) &&
         same(a.soft_cap, b.soft_cap) && same(a.weight, b.weight) &&
         same(a.other_weight, b.other_weight) && a.n_query_sources == b.n_query_sources &&
         a.n_key_sources == b.n_key_sources && same(a.terms, b.terms) &&
         same(a.query_marginals, b.query_marginals) && same(a.key_marginals, b.key_marginals) &&
         same(a.key_positions, b.key_positions) && same(a.key_bias, b.key_bias);
}

}  // namespace

AttentionDetails random_attention(const AttributionGraph& graph, std::uint32_t seed) {
  return AttentionMaker(graph, seed).make();
}

bool same_heads(const EdgeHeads& a, const EdgeHeads& b) {
  if (a.empty() || b.empty()) return a.empty() == b.empty();
  return a.edges == b.edges && a.offsets == b.offsets && same(a.parts, b.parts);
}

bool same_tables(const AttentionDetails& a, const AttentionDetails& b) {
  return same(a.tables, b.tables) && same(a.carried, b.carried);
}

}  // namespace circuit::testing
