#include "graph/attention_details.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <string>

namespace circuit {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::invalid_argument("[attention] " + what);
}

void check_range(const char* what, std::int64_t value, std::size_t end) {
  if (value < 0 || static_cast<std::size_t>(value) >= end) {
    fail(std::string(what) + " is " + std::to_string(value) + ", expected 0 to " +
         std::to_string(static_cast<std::int64_t>(end) - 1));
  }
}

void check_finite(const char* what, double value) {
  if (!std::isfinite(value)) fail(std::string(what) + " is not finite");
}

void check_head(const Head& head, std::size_t n_layers) {
  check_range("the layer of a head", head.layer, n_layers);
  if (head.head < 0) fail("a head has the number " + std::to_string(head.head));
}

void check_parts(const EdgeHeads& heads, std::size_t n_layers, std::size_t n_edges) {
  const std::size_t count = heads.edges.size();
  const bool fits = heads.offsets.empty()
                        ? count == 0 && heads.parts.empty()
                        : heads.offsets.size() == count + 1 && heads.offsets.front() == 0 &&
                              heads.offsets.back() == heads.parts.size() &&
                              std::ranges::is_sorted(heads.offsets);
  if (!fits) {
    fail("the parts of edges have " + std::to_string(heads.offsets.size()) + " offsets for " +
         std::to_string(count) + " edges and " + std::to_string(heads.parts.size()) + " parts");
  }
  if (std::ranges::adjacent_find(heads.edges, std::greater_equal<>()) != heads.edges.end()) {
    fail("the edges that are divided do not ascend");
  }
  for (const std::size_t edge : heads.edges) {
    check_range("a divided edge", static_cast<std::int64_t>(edge), n_edges);
  }
  for (const EdgePart& part : heads.parts) {
    if (part.way == EdgeWay::kHead) check_head(part.head, n_layers);
    check_finite("a part of an edge", part.weight);
  }
}

class TableCheck {
 public:
  TableCheck(std::size_t n_layers, std::size_t n_positions)
      : n_layers_(n_layers), n_positions_(n_positions) {}

  void check(const ScoreTable& table) const {
    check_head(table.cell.head, n_layers_);
    check_range("the query of a score", table.cell.query, n_positions_);
    check_range("the key of a score", table.cell.key, n_positions_);
    if (table.cell.other_key) {
      check_range("the other key of a score", *table.cell.other_key, n_positions_);
    }
    for (const double value : {table.score, table.sum, table.absolute_sum, table.soft_cap,
                               table.weight, table.other_weight, table.key_bias}) {
      check_finite("a number of a score table", value);
    }
    for (const ScoreTerm& term : table.terms) {
      check_source(term.query);
      check_source(term.key);
      check_finite("a term of a score", term.value);
    }
    for (const auto* side : {&table.query_marginals, &table.key_marginals}) {
      for (const ScoreMarginal& marginal : *side) {
        check_source(marginal.source);
        check_finite("a marginal of a score", marginal.value);
      }
    }
    if (!table.key_positions.empty() && table.key_positions.size() != n_positions_) {
      fail("a score table has " + std::to_string(table.key_positions.size()) +
           " sums by position, expected " + std::to_string(n_positions_));
    }
    for (const double value : table.key_positions) check_finite("a sum by position", value);
  }

 private:
  void check_source(const ScoreSource& source) const {
    if (!source) return;
    if (source->kind == NodeKind::kTarget) fail("a term of a score is an output");
    const bool token = source->kind == NodeKind::kToken;
    if (!token) check_range("a term's layer", source->layer, n_layers_);
    check_range("a term's position", source->position, n_positions_);
    const bool fits = token ? source->layer == -1 && source->feature >= -1
                            : (source->kind == NodeKind::kError) == (source->feature == -1) &&
                                  source->feature >= -1;
    if (!fits) {
      fail("a term of layer " + std::to_string(source->layer) + " has the number " +
           std::to_string(source->feature) + ", which none of its kind has");
    }
  }

  std::size_t n_layers_, n_positions_;
};

}  // namespace

void check_attention(const AttentionDetails& attention, std::size_t n_layers,
                     std::size_t n_positions, std::size_t n_edges) {
  check_parts(attention.edge_heads, n_layers, n_edges);
  const TableCheck tables(n_layers, n_positions);
  for (const ScoreTable& table : attention.tables) tables.check(table);
  if (!attention.carried.empty() && attention.carried.size() != attention.tables.size()) {
    fail(std::to_string(attention.carried.size()) + " shares for " +
         std::to_string(attention.tables.size()) + " score tables");
  }
  for (const double share : attention.carried) check_finite("what a score carries", share);
}

}  // namespace circuit
