#include "export/file/graph_file_attention.h"

#include <functional>
#include <limits>
#include <optional>

namespace circuit {
namespace {

/// In place of a head's layer and number.
constexpr std::int32_t kResidualAlone = -1, kAllOthers = -2;
/// In place of what is not there: biases for a source, no other key.
constexpr std::int32_t kNone = -1;
constexpr std::int32_t kLargest = std::numeric_limits<std::int32_t>::max();

/// Columns of `score_values`.
constexpr double ScoreTable::*kValues[] = {&ScoreTable::score,        &ScoreTable::sum,
                                           &ScoreTable::absolute_sum, &ScoreTable::soft_cap,
                                           &ScoreTable::weight,       &ScoreTable::other_weight,
                                           &ScoreTable::key_bias};
/// Columns of `score_counts`.
enum Count : std::size_t {
  kQuerySources,
  kKeySources,
  kTerms,
  kQueryMarginals,
  kKeyMarginals,
  kSums,
  kCounts
};
constexpr std::size_t kCellWidth = 5, kSourceWidth = 4, kPartWidth = 2;

std::vector<std::int64_t> whole_numbers(const std::vector<std::size_t>& values) {
  return {values.begin(), values.end()};
}

void add_heads(const EdgeHeads& heads, GraphFileTensors& tensors) {
  std::vector<std::int32_t> ways;
  std::vector<float> weights;
  for (const EdgePart& part : heads.parts) {
    const std::int32_t way = part.way == EdgeWay::kResidual ? kResidualAlone : kAllOthers;
    const Head named = part.way == EdgeWay::kHead ? part.head : Head{way, way};
    ways.insert(ways.end(), {named.layer, named.head});
    weights.push_back(part.weight);
  }
  tensors.add_table("head_edges", whole_numbers(heads.edges), 0);
  tensors.add_table("head_offsets", whole_numbers(heads.offsets), 0);
  tensors.add_table("head_parts", std::move(ways), kPartWidth);
  tensors.add_table("head_weights", std::move(weights), 0);
}

/// The columns of score tables, which one after the other is added to.
struct ScoreColumns {
  std::vector<std::int32_t> cells, terms, marginals;
  std::vector<double> values, term_values, marginal_values, sums;
  std::vector<std::int64_t> counts;

  void add(const ScoreTable& table) {
    const ScoreCell& cell = table.cell;
    cells.insert(cells.end(), {cell.head.layer, cell.head.head, cell.query, cell.key,
                               cell.other_key.value_or(kNone)});
    for (const auto value : kValues) values.push_back(table.*value);
    for (const std::size_t count :
         {table.n_query_sources, table.n_key_sources, table.terms.size(),
          table.query_marginals.size(), table.key_marginals.size(), table.key_positions.size()}) {
      counts.push_back(static_cast<std::int64_t>(count));
    }
    for (const ScoreTerm& term : table.terms) {
      add_source(term.query, terms);
      add_source(term.key, terms);
      term_values.push_back(term.value);
    }
    for (const auto* side : {&table.query_marginals, &table.key_marginals}) {
      for (const ScoreMarginal& marginal : *side) {
        add_source(marginal.source, marginals);
        marginal_values.push_back(marginal.value);
      }
    }
    sums.insert(sums.end(), table.key_positions.begin(), table.key_positions.end());
  }

 private:
  static void add_source(const ScoreSource& source, std::vector<std::int32_t>& rows) {
    if (source) {
      rows.insert(rows.end(), {static_cast<std::int32_t>(source->kind), source->layer,
                               source->position, source->feature});
    } else {
      rows.insert(rows.end(), kSourceWidth, kNone);
    }
  }
};

void add_tables(const AttentionDetails& attention, GraphFileTensors& tensors) {
  ScoreColumns columns;
  for (const ScoreTable& table : attention.tables) columns.add(table);
  tensors.add_table("score_cells", std::move(columns.cells), kCellWidth);
  tensors.add_table("score_values", std::move(columns.values), std::size(kValues));
  tensors.add_table("score_counts", std::move(columns.counts), kCounts);
  tensors.add_table("score_terms", std::move(columns.terms), 2 * kSourceWidth);
  tensors.add_table("score_term_values", std::move(columns.term_values), 0);
  tensors.add_table("score_marginals", std::move(columns.marginals), kSourceWidth);
  tensors.add_table("score_marginal_values", std::move(columns.marginal_values), 0);
  tensors.add_table("score_key_positions", std::move(columns.sums), 0);
  tensors.add_if_any("score_carried", attention.carried);
}

EdgeHeads read_heads(const GraphFileReader& reader, const AttributionGraph& graph) {
  EdgeHeads heads;
  const auto edges = reader.read<std::int64_t>("head_edges", {-1});
  const auto n_edges = size_of_dimension(graph.edges().edges());
  reader.require_range<std::int64_t>("head_edges", edges, 0, n_edges - 1);
  if (std::ranges::adjacent_find(edges, std::greater_equal<>()) != edges.end()) {
    reader.fail("head_edges", "does not ascend", "each edge once, in ascending order");
  }
  const auto offsets =
      reader.read<std::int64_t>("head_offsets", {size_of_dimension(edges.size()) + 1});
  const auto ways = reader.read<std::int32_t>("head_parts", {-1, kPartWidth});
  const std::size_t count = ways.size() / kPartWidth;
  const auto weights = reader.read<float>("head_weights", {size_of_dimension(count)});
  reader.require_offsets("head_offsets", offsets, count, "parts");
  const auto n_layers = static_cast<std::int32_t>(graph.n_layers());
  reader.require_columns("head_parts", ways, {{kAllOthers, n_layers - 1}, {kAllOthers, kLargest}});
  heads.edges.assign(edges.begin(), edges.end());
  heads.offsets.assign(offsets.begin(), offsets.end());
  heads.parts.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Head head{ways[kPartWidth * i], ways[kPartWidth * i + 1]};
    if ((head.layer < 0 || head.head < 0) && head.layer != head.head) {
      reader.fail("head_parts",
                  "row " + std::to_string(i) + " is (" + std::to_string(head.layer) + ", " +
                      std::to_string(head.head) + ")",
                  "a layer and a head, (-1, -1) or (-2, -2)");
    }
    const EdgeWay way = head.layer >= 0                ? EdgeWay::kHead
                        : head.layer == kResidualAlone ? EdgeWay::kResidual
                                                       : EdgeWay::kOtherHeads;
    heads.parts.push_back({way, way == EdgeWay::kHead ? head : Head{}, weights[i]});
  }
  return heads;
}

/// Takes tables out of the columns, one after the other.
class TableReader {
 public:
  TableReader(const GraphFileReader& reader, const AttributionGraph& graph) : reader_(reader) {
    const auto n_layers = static_cast<std::int32_t>(graph.n_layers());
    const auto n_positions = static_cast<std::int32_t>(graph.n_positions());
    const ColumnRange kind{kNone, static_cast<std::int32_t>(NodeKind::kToken)};
    const ColumnRange layer{kNone, n_layers - 1}, position{kNone, n_positions - 1};
    const ColumnRange feature{-1, kLargest};
    columns_.cells = reader.read<std::int32_t>("score_cells", {-1, kCellWidth});
    reader.require_columns("score_cells", columns_.cells,
                           {{0, n_layers - 1},
                            {0, kLargest},
                            {0, n_positions - 1},
                            {0, n_positions - 1},
                            {kNone, n_positions - 1}});
    const std::int64_t count = size_of_dimension(columns_.cells.size() / kCellWidth);
    columns_.values =
        reader.read<double>("score_values", {count, size_of_dimension(std::size(kValues))});
    columns_.counts = reader.read<std::int64_t>("score_counts", {count, kCounts});
    columns_.terms = reader.read<std::int32_t>("score_terms", {-1, 2 * kSourceWidth});
    columns_.marginals = reader.read<std::int32_t>("score_marginals", {-1, kSourceWidth});
    reader.require_columns("score_terms", columns_.terms,
                           {kind, layer, position, feature, kind, layer, position, feature});
    reader.require_columns("score_marginals", columns_.marginals, {kind, layer, position, feature});
    columns_.term_values = reader.read<double>("score_term_values", {rows_of(columns_.terms, 2)});
    columns_.marginal_values =
        reader.read<double>("score_marginal_values", {rows_of(columns_.marginals, 1)});
    columns_.sums = reader.read<double>("score_key_positions", {-1});
    require_counts(graph.n_positions());
  }

  std::vector<ScoreTable> read() {
    const std::size_t count = columns_.counts.size() / kCounts;
    std::vector<ScoreTable> tables;
    tables.reserve(count);
    for (std::size_t i = 0; i < count; ++i) tables.push_back(read_table(i));
    return tables;
  }

 private:
  static std::int64_t rows_of(const std::vector<std::int32_t>& sources, std::size_t sides) {
    return size_of_dimension(sources.size() / (sides * kSourceWidth));
  }
  std::int64_t count_of(std::size_t table, Count count) const {
    return columns_.counts[kCounts * table + count];
  }

  void require_counts(std::size_t n_positions) const {
    reader_.require_range<std::int64_t>("score_counts", columns_.counts, 0,
                                        std::numeric_limits<std::int64_t>::max());
    require_sum({kTerms}, "score_terms", columns_.term_values.size());
    require_sum({kQueryMarginals, kKeyMarginals}, "score_marginals",
                columns_.marginal_values.size());
    require_sum({kSums}, "score_key_positions", columns_.sums.size());
    for (std::size_t i = kSums; i < columns_.counts.size(); i += kCounts) {
      const std::int64_t sums = columns_.counts[i];
      if (sums == 0 || sums == size_of_dimension(n_positions)) continue;
      reader_.fail("score_counts", "a table has " + std::to_string(sums) + " sums by position",
                   std::to_string(n_positions) + " or none");
    }
  }

  void require_sum(std::initializer_list<Count> which, const char* tensor, std::size_t rows) const {
    std::int64_t left = size_of_dimension(rows);
    bool fits = true;
    for (std::size_t table = 0; table < columns_.counts.size() / kCounts; ++table) {
      for (const Count count : which) {
        fits = fits && count_of(table, count) <= left;  // a sum might overflow
        if (fits) left -= count_of(table, count);
      }
    }
    if (fits && left == 0) return;
    reader_.fail("score_counts", std::string("does not sum to the rows of ") + tensor,
                 std::to_string(rows));
  }

  ScoreTable read_table(std::size_t i) {
    ScoreTable table;
    const std::int32_t* const cell = &columns_.cells[kCellWidth * i];
    table.cell = {.head = {cell[0], cell[1]}, .query = cell[2], .key = cell[3]};
    if (cell[4] != kNone) table.cell.other_key = cell[4];
    for (std::size_t v = 0; v < std::size(kValues); ++v) {
      table.*kValues[v] = columns_.values[std::size(kValues) * i + v];
    }
    const auto size = [&](Count count) { return static_cast<std::size_t>(count_of(i, count)); };
    table.n_query_sources = size(kQuerySources);
    table.n_key_sources = size(kKeySources);
    table.terms.reserve(size(kTerms));
    for (std::size_t t = 0; t < size(kTerms); ++t, ++term_) {
      table.terms.push_back({source_of("score_terms", columns_.terms, 2 * term_),
                             source_of("score_terms", columns_.terms, 2 * term_ + 1),
                             columns_.term_values[term_]});
    }
    table.query_marginals = read_marginals(size(kQueryMarginals));
    table.key_marginals = read_marginals(size(kKeyMarginals));
    const auto sums = columns_.sums.begin() + static_cast<std::ptrdiff_t>(sum_);
    table.key_positions.assign(sums, sums + static_cast<std::ptrdiff_t>(size(kSums)));
    sum_ += size(kSums);
    return table;
  }

  std::vector<ScoreMarginal> read_marginals(std::size_t count) {
    std::vector<ScoreMarginal> marginals;
    marginals.reserve(count);
    for (std::size_t m = 0; m < count; ++m, ++marginal_) {
      marginals.push_back({source_of("score_marginals", columns_.marginals, marginal_),
                           columns_.marginal_values[marginal_]});
    }
    return marginals;
  }

  ScoreSource source_of(const char* tensor, const std::vector<std::int32_t>& rows,
                        std::size_t i) const {
    const std::int32_t* const row = &rows[kSourceWidth * i];
    if (row[0] != kNone) {
      return Node{static_cast<NodeKind>(row[0]), row[1], row[2], row[3]};
    }
    if (row[1] != kNone || row[2] != kNone || row[3] != kNone) {
      reader_.fail(tensor, "biases have a layer, a position or a feature", "-1 for each");
    }
    return std::nullopt;
  }

  const GraphFileReader& reader_;
  ScoreColumns columns_;
  std::size_t term_ = 0, marginal_ = 0, sum_ = 0;  // the next
};

/// Whether a tensor is there that belongs to `names`; then all have to be.
bool any_of(const GraphFileReader& reader, std::initializer_list<const char*> names) {
  return std::ranges::any_of(names, [&](const char* name) { return reader.contains(name); });
}

}  // namespace

void add_attention(const AttentionDetails& attention, GraphFileTensors& tensors) {
  if (!attention.edge_heads.empty()) add_heads(attention.edge_heads, tensors);
  if (!attention.tables.empty()) add_tables(attention, tensors);
}

AttentionDetails read_attention(const GraphFileReader& reader, const AttributionGraph& graph) {
  AttentionDetails attention;
  if (any_of(reader, {"head_edges", "head_offsets", "head_parts", "head_weights"})) {
    attention.edge_heads = read_heads(reader, graph);
  }
  if (any_of(reader, {"score_cells", "score_values", "score_counts", "score_terms",
                      "score_term_values", "score_marginals", "score_marginal_values",
                      "score_key_positions", "score_carried"})) {
    attention.tables = TableReader(reader, graph).read();
    attention.carried = reader.read_optional<double>("score_carried", attention.tables.size());
  }
  return attention;
}

}  // namespace circuit
