#include "export/viewer/viewer_score_tables.h"

#include <cstdint>
#include <limits>
#include <utility>

#include <simdjson.h>

#include "export/names/head_ids.h"
#include "export/names/node_ids.h"
#include "export/names/node_names.h"
#include "export/text/json_text.h"
#include "export/viewer/json_place.h"

namespace circuit {
namespace {

using simdjson::dom::element;

constexpr std::pair<std::string_view, double ScoreTable::*> kNumbers[] = {
    {"score", &ScoreTable::score},
    {"sum", &ScoreTable::sum},
    {"absolute_sum", &ScoreTable::absolute_sum},
    {"soft_cap", &ScoreTable::soft_cap},
    {"weight", &ScoreTable::weight},
    {"other_weight", &ScoreTable::other_weight},
    {"key_bias", &ScoreTable::key_bias},
};
constexpr std::pair<std::string_view, std::size_t ScoreTable::*> kCounts[] = {
    {"query_sources", &ScoreTable::n_query_sources}, {"key_sources", &ScoreTable::n_key_sources}};
constexpr std::pair<std::string_view, std::vector<ScoreMarginal> ScoreTable::*> kMarginals[] = {
    {"query_marginals", &ScoreTable::query_marginals},
    {"key_marginals", &ScoreTable::key_marginals}};

class TableWriter {
 public:
  explicit TableWriter(std::string& out) : out_(out) {}

  void write(const ScoreTable& table, const double* carried) {
    out_ += "{\"head\":";
    append_json_string(head_id(table.cell.head), out_);
    add_number("query", std::int64_t{table.cell.query});
    add_number("key", std::int64_t{table.cell.key});
    if (table.cell.other_key) add_number("other_key", std::int64_t{*table.cell.other_key});
    for (const auto& [key, number] : kNumbers) add_number(key, table.*number);
    for (const auto& [key, count] : kCounts) {
      add_number(key, static_cast<std::int64_t>(table.*count));
    }
    if (carried != nullptr) add_number("carried", *carried);
    add_list("terms", table.terms, [&](const ScoreTerm& term) {
      out_ += '[';
      append_source(term.query);
      append_source(term.key);
      append_json_number(term.value, out_);
      out_ += ']';
    });
    for (const auto& [key, marginals] : kMarginals) {
      add_list(key, table.*marginals, [&](const ScoreMarginal& marginal) {
        out_ += '[';
        append_source(marginal.source);
        append_json_number(marginal.value, out_);
        out_ += ']';
      });
    }
    add_list("key_positions", table.key_positions,
             [&](double sum) { append_json_number(sum, out_); });
    out_ += '}';
  }

 private:
  void add_key(std::string_view key) { out_.append(",\"").append(key).append("\":"); }

  template <typename Number>
  void add_number(std::string_view key, Number value) {
    add_key(key);
    append_json_number(value, out_);
  }

  template <typename Items, typename Append>
  void add_list(std::string_view key, const Items& items, Append append) {
    add_key(key);
    std::string_view separator = "[";
    for (const auto& item : items) {
      out_ += separator;
      append(item);
      separator = ",";
    }
    out_ += items.empty() ? "[]" : "]";
  }

  void append_source(const ScoreSource& source) {
    if (source) {
      append_json_string(name_node(*source).node_id, out_);
      out_ += ',';
    } else {
      out_ += "null,";
    }
  }

  std::string& out_;
};

/// A node id, whose node need not be in the graph; null for biases.
ScoreSource source_of(const element& value, const JsonPlace& place) {
  constexpr std::string_view kExpected = "the id of a feature, an error or a token, or null";
  if (value.is_null()) return std::nullopt;
  const auto id = parse_node_id(text_of(value, place, kExpected));
  if (!id || !id->position || id->number > std::numeric_limits<std::int32_t>::max()) {
    fail_at(place, value, kExpected);
  }
  const auto number = static_cast<std::int32_t>(id->number);
  if (!id->layer) return Node{NodeKind::kToken, -1, *id->position, number};
  const NodeKind kind = number < 0 ? NodeKind::kError : NodeKind::kFeature;
  return Node{kind, *id->layer, *id->position, number};
}

/// [query, key, value] with two sources, [source, value] with one.
template <std::size_t n_sources>
double read_entry(const element& value, const JsonPlace& place,
                  ScoreSource* const (&sources)[n_sources]) {
  double number = 0;
  std::size_t count = 0;
  for_each_entry(value, place, [&](const element& entry, const JsonPlace& at) {
    if (count < n_sources) *sources[count] = source_of(entry, at);
    if (count == n_sources) number = number_of(entry, at);
    ++count;
  });
  if (count != n_sources + 1) {
    fail_at(place, "has " + std::to_string(count) + " entries", std::to_string(n_sources + 1));
  }
  return number;
}

/// One table of the file.
class TableReader {
 public:
  TableReader(const element& object, const JsonPlace& place) : object_(object), place_(place) {}

  ScoreTable read() const {
    ScoreTable table{.cell = read_cell()};
    for (const auto& [key, number] : kNumbers) {
      const JsonPlace at{&place_, key};
      table.*number = number_of(require_member(object_, key, at, "a number"), at);
    }
    for (const auto& [key, count] : kCounts) table.*count = read_count(key);
    const JsonPlace terms{&place_, "terms"};
    const element list = require_member(object_, "terms", terms, "a list");
    for_each_entry(list, terms, [&](const element& entry, const JsonPlace& at) {
      ScoreTerm& term = table.terms.emplace_back();
      term.value = read_entry<2>(entry, at, {&term.query, &term.key});
    });
    for (const auto& [key, marginals] : kMarginals) table.*marginals = read_marginals(key);
    const JsonPlace sums{&place_, "key_positions"};
    const element positions = require_member(object_, "key_positions", sums, "a list");
    for_each_entry(positions, sums, [&](const element& entry, const JsonPlace& at) {
      table.key_positions.push_back(number_of(entry, at));
    });
    return table;
  }

 private:
  std::int32_t read_index(std::string_view key) const {
    const JsonPlace at{&place_, key};
    return index_of(require_member(object_, key, at, "a whole number"), at);
  }

  ScoreCell read_cell() const {
    const JsonPlace at{&place_, "head"};
    constexpr std::string_view kExpected = "a head such as \"3.2\"";
    const element name = require_member(object_, "head", at, kExpected);
    const auto head = parse_head_id(text_of(name, at, kExpected));
    if (!head) fail_at(at, name, kExpected);
    ScoreCell cell{.head = *head, .query = read_index("query"), .key = read_index("key")};
    if (find_member(object_, "other_key")) cell.other_key = read_index("other_key");
    return cell;
  }

  std::size_t read_count(std::string_view key) const {
    const JsonPlace at{&place_, key};
    const element value = require_member(object_, key, at, "a count");
    const std::int64_t count = whole_number_of(value, at, "a count");
    if (count < 0) fail_at(at, value, "a count");
    return static_cast<std::size_t>(count);
  }

  std::vector<ScoreMarginal> read_marginals(std::string_view key) const {
    const JsonPlace place{&place_, key};
    const element list = require_member(object_, key, place, "a list");
    std::vector<ScoreMarginal> marginals;
    for_each_entry(list, place, [&](const element& entry, const JsonPlace& at) {
      ScoreMarginal& marginal = marginals.emplace_back();
      marginal.value = read_entry<1>(entry, at, {&marginal.source});
    });
    return marginals;
  }

  const element& object_;
  const JsonPlace& place_;
};

}  // namespace

void append_score_tables(const AttentionDetails& attention, std::string& out) {
  std::string_view separator = "[\n";
  TableWriter writer(out);
  for (std::size_t i = 0; i < attention.tables.size(); ++i) {
    out += separator;
    writer.write(attention.tables[i], attention.carried.empty() ? nullptr : &attention.carried[i]);
    separator = ",\n";
  }
  out += attention.tables.empty() ? "[]" : "\n]";
}

ScoreTables read_score_tables(const element& list, const JsonPlace& place) {
  ScoreTables scores;
  for_each_entry(list, place, [&](const element& entry, const JsonPlace& at) {
    scores.tables.push_back(TableReader(entry, at).read());
    const JsonPlace share{&at, "carried"};
    const auto carried = find_member(entry, "carried");
    if (carried) scores.carried.push_back(number_of(*carried, share));
    const std::size_t expected = scores.carried.empty() ? 0 : scores.tables.size();
    if (scores.carried.size() != expected) {
      fail_at(share, carried ? "is there" : "is missing", "as in the tables before");
    }
  });
  return scores;
}

}  // namespace circuit
