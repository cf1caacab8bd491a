#include "export/patterns/pattern_text.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "export/names/head_ids.h"
#include "export/names/node_names.h"
#include "export/text/output_text.h"

namespace circuit {
namespace {

[[noreturn]] void fail(const char* operation, const std::string& what) {
  throw std::invalid_argument("[" + std::string(operation) + "] " + what);
}

bool is_there(const AttentionPatterns& patterns, const Head& head) {
  return head.layer >= 0 && head.layer < patterns.n_layers && head.head >= 0 &&
         head.head < patterns.n_heads;
}

/// `“est” (4)`.
std::string placed(std::span<const std::string> tokens, std::int32_t position) {
  return "“" + token_label(tokens[static_cast<std::size_t>(position)], 24) + "” (" +
         std::to_string(position) + ")";
}

/// Positions of a score and of what its terms name.
std::vector<std::int32_t> positions_of(const ScoreTable& table) {
  std::vector<std::int32_t> positions{table.cell.query, table.cell.key};
  if (table.cell.other_key) positions.push_back(*table.cell.other_key);
  for (const ScoreTerm& term : table.terms) {
    for (const ScoreSource& source : {term.query, term.key}) {
      if (source) positions.push_back(source->position);
    }
  }
  return positions;
}

}  // namespace

void check_patterns(const AttentionPatterns& patterns, std::span<const std::string> tokens,
                    const PatternOptions& options, const char* operation) {
  const std::size_t n = patterns.n_positions;
  if (n == 0 || patterns.n_layers <= 0 || patterns.n_heads <= 0) {
    fail(operation, "no position or no head, expected at least one of each");
  }
  if (tokens.size() != n) {
    fail(operation,
         std::to_string(tokens.size()) + " tokens for " + std::to_string(n) + " positions");
  }
  const std::size_t heads =
      static_cast<std::size_t>(patterns.n_layers) * static_cast<std::size_t>(patterns.n_heads);
  if (patterns.weights.size() != heads * n * n) {
    fail(operation, std::to_string(patterns.weights.size()) + " weights, expected " +
                        std::to_string(heads * n * n));
  }
  const auto odd = std::ranges::find_if(
      patterns.weights, [](float weight) { return !(weight >= 0.0F && weight <= 1.0001F); });
  if (odd != patterns.weights.end()) {
    fail(operation, "a weight is " + number_text(*odd) + ", expected 0 to 1");
  }
  for (const Head& head : options.heads) {
    if (is_there(patterns, head)) continue;
    fail(operation, "head " + head_id(head) + ", expected layers 0 to " +
                        std::to_string(patterns.n_layers - 1) + " and heads 0 to " +
                        std::to_string(patterns.n_heads - 1));
  }
  for (const ScoreTable& table : options.tables) {
    for (const std::int32_t position : positions_of(table)) {
      if (position >= 0 && static_cast<std::size_t>(position) < n) continue;
      fail(operation, "a score of head " + head_id(table.cell.head) + " at position " +
                          std::to_string(position) + ", expected 0 to " + std::to_string(n - 1));
    }
  }
}

std::string pattern_title(std::span<const std::string> tokens, const PatternOptions& options) {
  if (!options.title.empty()) return one_line(options.title);
  std::string all;
  for (const std::string& token : tokens) all += token;
  return one_line(all);
}

std::string token_label(const std::string& token, std::size_t most) {
  const std::string line = one_line(token);
  const std::size_t start = line.find_first_not_of(' ');
  return start == std::string::npos ? "␣" : shorten(line.substr(start), most);
}

std::string percent_text(double share) {
  const double value = 100 * share;
  return fixed_text(value, value > 0 && value < 9.95 ? 1 : 0) + " %";
}

std::string signed_text(double value) {
  const double size = std::abs(value);
  const int decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 || size == 0 ? 2 : 3;
  return (value < 0 ? "−" : "+") + fixed_text(size, decimals);
}

std::string source_text(const ScoreSource& source, std::span<const std::string> tokens,
                        const AttributionGraph* graph) {
  if (!source) return "biases";
  const std::string at = std::to_string(source->position);
  if (source->kind == NodeKind::kToken) {
    return "token " + placed(tokens, source->position);
  }
  const std::string layer = "L" + std::to_string(source->layer);
  if (source->kind == NodeKind::kError) return "error " + layer + " at " + at;
  const std::string label =
      graph == nullptr ? "" : feature_label(*graph, source->layer, source->feature);
  return layer + "/" + std::to_string(source->feature) + " at " + at +
         (label.empty() ? "" : " " + one_line(label));
}

std::string cell_text(const ScoreTable& table, std::span<const std::string> tokens) {
  const ScoreCell& cell = table.cell;
  std::string text = placed(tokens, cell.query) + " looks at " + placed(tokens, cell.key) + ", " +
                     percent_text(table.weight);
  if (cell.other_key) {
    text += ", not at " + placed(tokens, *cell.other_key) + ", " + percent_text(table.other_weight);
  }
  return text;
}

std::string sum_text(const ScoreTable& table) {
  const std::string what = table.cell.other_key ? "the difference of scores" : "the score";
  return "because of " + what + ", " + signed_text(table.score) + ", the sum of " +
         std::to_string(table.n_query_sources) + " × " + std::to_string(table.n_key_sources) +
         " terms (query side × key side)" + (table.soft_cap > 0 ? ", capped after it" : "") + ":";
}

std::vector<ScoreTerm> largest_terms(const ScoreTable& table, std::size_t most) {
  std::vector<ScoreTerm> terms = table.terms;
  std::ranges::stable_sort(terms, std::ranges::greater{},
                           [](const ScoreTerm& term) { return std::abs(term.value); });
  std::size_t taken[2] = {0, 0};
  std::erase_if(terms, [&](const ScoreTerm& term) { return taken[term.value < 0]++ >= most; });
  return terms;
}

}  // namespace circuit
