#include "tracer/attention/score_terms.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

#include <ATen/ATen.h>

#include "tracer/attention/largest_terms.h"
#include "tracer/machine/process_memory.h"
#include "tracer/machine/threads.h"

namespace circuit {
namespace {

// Query-side rows of one product: its block of terms stays in the cache.
constexpr std::int64_t kRowsPerProduct = 64;

[[noreturn]] void fail(const std::string& what) {
  throw std::invalid_argument("[attention] " + what);
}

void check_range(const char* what, std::int64_t value, std::int64_t end) {
  if (value < 0 || value >= end) {
    fail(std::string(what) + " " + std::to_string(value) + " is not there, expected 0 to " +
         std::to_string(end - 1));
  }
}

void check_key(const ReplacementRun& run, const ScoreCell& cell, std::int32_t key) {
  const ModelConfig& c = run.model->config;
  check_range("key position", key, run.n_positions());
  const std::string where = "key position " + std::to_string(key);
  if (key > cell.query) {
    fail(where + " lies behind query position " + std::to_string(cell.query) +
         "; heads look at their own position and earlier ones");
  }
  const auto& attention = run.model->blocks[static_cast<std::size_t>(cell.head.layer)].attention;
  if (attention.span == AttentionSpan::kSliding && key <= cell.query - c.sliding_window) {
    fail(where + " lies outside the window of " + std::to_string(c.sliding_window) +
         " positions that layer " + std::to_string(cell.head.layer) + " sees from position " +
         std::to_string(cell.query));
  }
}

void check_cell(const ReplacementRun& run, const ScoreCell& cell) {
  check_range("layer", cell.head.layer, run.n_layers());
  check_range("head", cell.head.head, run.model->config.n_heads);
  check_range("query position", cell.query, run.n_positions());
  check_key(run, cell, cell.key);
  if (!cell.other_key) return;
  check_key(run, cell, *cell.other_key);
  if (*cell.other_key == cell.key) fail("both keys are position " + std::to_string(cell.key));
}

SideKey query_of(const ScoreCell& cell) {
  return {.layer = cell.head.layer,
          .side = ScoreSide::kQuery,
          .head = cell.head.head,
          .position = cell.query};
}

SideKey key_of(const ModelConfig& c, const ScoreCell& cell, std::int32_t position) {
  return {.layer = cell.head.layer,
          .side = ScoreSide::kKey,
          .head = cell.head.head / (c.n_heads / c.n_kv_heads),
          .position = position};
}

// a - b over the columns of both.
Side difference(const Side& a, const Side& b) {
  Side result;
  std::ranges::set_union(a.columns, b.columns, std::back_inserter(result.columns));
  const auto count = static_cast<std::int64_t>(result.columns.size());
  result.vectors = at::zeros({count + 1, a.vectors.size(1)}, a.vectors.options());
  const auto add = [&](const Side& side, double sign) {
    std::vector<std::int64_t> rows;
    for (const std::int64_t column : side.columns) {
      rows.push_back(std::ranges::lower_bound(result.columns, column) - result.columns.begin());
    }
    rows.push_back(count);
    result.vectors.index_add_(0, at::tensor(rows, at::kLong), side.vectors * sign);
  };
  add(a, 1.0);
  add(b, -1.0);
  return result;
}

class Tabulator {
 public:
  Tabulator(const ReplacementRun& run, const ColumnLayout& columns, const TableOptions& options)
      : run_(run), columns_(columns), options_(options) {}

  ScoreSource source(const Side& side, std::size_t i) const {
    if (i == side.columns.size()) return std::nullopt;
    const std::int64_t column = side.columns[i];
    if (column < columns_.n_active()) {
      const auto active = static_cast<std::size_t>(column);
      return Node{.kind = NodeKind::kFeature,
                  .layer = run_.features.layers[active],
                  .position = run_.features.positions[active],
                  .feature = run_.features.features[active]};
    }
    const std::int64_t n = columns_.n_positions();
    if (column < columns_.token_column(0)) {
      const std::int64_t place = column - columns_.n_active();
      return Node{.kind = NodeKind::kError,
                  .layer = static_cast<std::int32_t>(place / n),
                  .position = static_cast<std::int32_t>(place % n),
                  .feature = -1};
    }
    const std::int64_t position = column - columns_.token_column(0);
    return Node{.kind = NodeKind::kToken,
                .layer = -1,
                .position = static_cast<std::int32_t>(position),
                .feature = run_.record.input_ids[static_cast<std::size_t>(position)]};
  }

  void tabulate(const Side& query, const Side& key, ScoreTable& table) const {
    table.n_query_sources = query.columns.size() + 1;
    table.n_key_sources = key.columns.size() + 1;
    const double divisor = score_divisor(run_.model->config);
    const at::Tensor q = query.vectors.to(at::kDouble) / divisor;
    const at::Tensor k = key.vectors.to(at::kDouble);
    table.query_marginals = marginals(query, at::mv(q, k.sum(0)));
    const at::Tensor of_keys = at::mv(k, q.sum(0)).contiguous();
    table.key_marginals = marginals(key, of_keys);
    table.sum = of_keys.sum().item<double>();
    table.key_positions.assign(static_cast<std::size_t>(run_.n_positions()), 0.0);
    const double* values = of_keys.data_ptr<double>();
    for (std::size_t i = 0; i < key.columns.size(); ++i) {
      table.key_positions[static_cast<std::size_t>(source(key, i)->position)] += values[i];
    }
    table.key_bias = values[key.columns.size()];
    add_terms(query, key, table);
  }

 private:
  std::vector<ScoreMarginal> marginals(const Side& side, const at::Tensor& values) const {
    const at::Tensor plain = values.contiguous();
    LargestTerms largest(options_.top);
    largest.add(plain.data_ptr<double>(), static_cast<std::size_t>(plain.numel()), 0);
    std::vector<ScoreMarginal> result;
    for (const LargestTerms::Term& term : largest.sorted()) {
      result.push_back({.source = source(side, term.place), .value = term.value});
    }
    return result;
  }

  // All products, a block of query-side rows at a time.
  void add_terms(const Side& query, const Side& key, ScoreTable& table) const {
    const at::Tensor q = query.vectors / score_divisor(run_.model->config);
    const at::Tensor k = key.vectors.t();
    const auto width = static_cast<std::size_t>(k.size(1));
    LargestTerms largest(options_.top);
    for (std::int64_t first = 0; first < q.size(0); first += kRowsPerProduct) {
      const std::int64_t count = std::min(kRowsPerProduct, q.size(0) - first);
      const at::Tensor block = at::mm(q.narrow(0, first, count), k);
      table.absolute_sum += block.abs().sum(at::kDouble).item<double>();
      const std::size_t place = static_cast<std::size_t>(first) * width;
      if (block.scalar_type() == at::kDouble) {
        largest.add(block.data_ptr<double>(), static_cast<std::size_t>(block.numel()), place);
      } else {
        largest.add(block.data_ptr<float>(), static_cast<std::size_t>(block.numel()), place);
      }
    }
    for (const LargestTerms::Term& term : largest.sorted()) {
      table.terms.push_back({.query = source(query, term.place / width),
                             .key = source(key, term.place % width),
                             .value = term.value});
    }
  }

  const ReplacementRun& run_;
  const ColumnLayout& columns_;
  const TableOptions& options_;
};

double entry(const at::Tensor& matrices, const Head& head, std::int64_t query, std::int64_t key) {
  return matrices[head.head][query][key].item<double>();
}

// What the live run says; `scores` are those of the head's layer.
ScoreTable live_table(const ReplacementRun& run, const at::Tensor& scores, const ScoreCell& cell) {
  const at::Tensor& pattern = run.record.blocks[static_cast<std::size_t>(cell.head.layer)].pattern;
  ScoreTable table{.cell = cell};
  table.score = entry(scores, cell.head, cell.query, cell.key);
  table.weight = entry(pattern, cell.head, cell.query, cell.key);
  table.soft_cap = run.model->config.attention_softcap;
  if (cell.other_key) {
    table.score -= entry(scores, cell.head, cell.query, *cell.other_key);
    table.other_weight = entry(pattern, cell.head, cell.query, *cell.other_key);
  }
  return table;
}

// Cells in the order of their layers, cut where the sides of a run of them would not fit.
std::vector<std::vector<std::size_t>> groups_of(std::span<const ScoreCell> cells,
                                                std::size_t most_sides) {
  std::vector<std::size_t> order(cells.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) {
    return std::tuple(cells[i].head, cells[i].query, cells[i].key);
  });
  std::vector<std::vector<std::size_t>> groups;
  const std::size_t per_group = std::max<std::size_t>(1, most_sides / 3);
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i % per_group == 0) groups.emplace_back();
    groups.back().push_back(order[i]);
  }
  return groups;
}

std::vector<SideKey> sides_of(const ModelConfig& c, std::span<const ScoreCell> cells,
                              const std::vector<std::size_t>& group) {
  std::vector<SideKey> keys;
  for (const std::size_t i : group) {
    keys.push_back(query_of(cells[i]));
    keys.push_back(key_of(c, cells[i], cells[i].key));
    if (cells[i].other_key) keys.push_back(key_of(c, cells[i], *cells[i].other_key));
  }
  std::ranges::sort(keys);
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

}  // namespace

std::vector<ScoreTable> score_tables(const ReplacementRun& run, ScoreSides& sides,
                                     std::span<const ScoreCell> cells,
                                     const TableOptions& options) {
  for (const ScoreCell& cell : cells) check_cell(run, cell);
  const ModelConfig& c = run.model->config;
  const std::int64_t budget = (options.memory_bytes - resident_memory_bytes()) / 2;
  const auto most_sides =
      static_cast<std::size_t>(std::max<std::int64_t>(0, budget / sides.bytes_per_side()));
  std::vector<ScoreTable> tables(cells.size());
  std::int32_t layer = -1;
  at::Tensor scores;  // of `layer`; groups follow the layers
  const Tabulator tabulator(run, sides.columns(), options);
  for (const std::vector<std::size_t>& group : groups_of(cells, most_sides)) {
    for (const std::size_t i : group) {
      if (cells[i].head.layer != layer) scores = sides.live_scores(layer = cells[i].head.layer);
      tables[i] = live_table(run, scores, cells[i]);
    }
    const std::vector<SideKey> keys = sides_of(c, cells, group);
    const std::vector<Side> found = sides.find(keys, budget);
    const auto side = [&](const SideKey& key) -> const Side& {
      return found[static_cast<std::size_t>(std::ranges::lower_bound(keys, key) - keys.begin())];
    };
    parallel_tasks(group.size(), [&](std::size_t i) {
      const ScoreCell& cell = cells[group[i]];
      const Side& key = side(key_of(c, cell, cell.key));
      tabulator.tabulate(
          side(query_of(cell)),
          cell.other_key ? difference(key, side(key_of(c, cell, *cell.other_key))) : key,
          tables[group[i]]);
    });
  }
  return tables;
}

}  // namespace circuit
