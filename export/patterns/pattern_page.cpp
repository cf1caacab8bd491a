#include "export/patterns/pattern_page.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include <nlohmann/json.hpp>

#include "export/names/head_ids.h"
#include "export/page/page_columns.h"
#include "export/page/page_skeleton.h"
#include "export/page/page_text.h"
#include "export/patterns/pattern_cells.h"
#include "export/patterns/pattern_text.h"
#include "export/text/output_text.h"

namespace circuit {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostWeights = 8'000'000;
constexpr double kWhole = 65535;

/// kPatternSteps on a dark page: there more attention is brighter.
constexpr std::array<const char*, kPatternSteps.size()> kDarkColours{
    "#1A2B3A", "#1D3E58", "#205678", "#2A74A8", "#4E97C8", "#8CC0E2", "#D6ECFA"};

std::string weights_text(const AttentionPatterns& patterns) {
  const std::size_t n = patterns.n_positions;
  std::vector<std::uint8_t> bytes;
  bytes.reserve(patterns.weights.size() / (n * n) * n * (n + 1));
  for (std::size_t i = 0; i < patterns.weights.size(); ++i) {
    if (i % n > i / n % n) continue;
    const auto part = static_cast<std::uint32_t>(
        std::lround(kWhole * std::min(1.0, static_cast<double>(patterns.weights[i]))));
    bytes.push_back(static_cast<std::uint8_t>(part & 255));
    bytes.push_back(static_cast<std::uint8_t>(part >> 8));
  }
  return base64(bytes);
}

Json reasons_json(std::span<const std::string> tokens, const PatternOptions& options) {
  Json reasons = Json::array();
  for (const ScoreTable& table : options.tables) {
    Json terms = Json::array();
    for (const ScoreTerm& term : largest_terms(table, options.terms)) {
      terms.push_back({signed_text(term.value), source_text(term.query, tokens, options.graph),
                       source_text(term.key, tokens, options.graph)});
    }
    reasons.push_back({{"head", head_id(table.cell.head)},
                       {"query", table.cell.query},
                       {"key", table.cell.key},
                       {"cell", cell_text(table, tokens)},
                       {"sum", sum_text(table)},
                       {"terms", std::move(terms)}});
  }
  return reasons;
}

Json head_json(const AttentionPatterns& patterns, std::span<const std::string> tokens,
               const PatternOptions& options) {
  Json head = {{"title", pattern_title(tokens, options)},
               {"n_layers", patterns.n_layers},
               {"n_heads", patterns.n_heads}};
  head["tokens"] = Json::array();
  for (const std::string& token : tokens) head["tokens"].push_back(one_line(token));
  head["steps"] = Json::array();
  for (std::size_t i = 0; i < kPatternSteps.size(); ++i) {
    head["steps"].push_back({kPatternSteps[i].least, kPatternSteps[i].colour, kDarkColours[i]});
  }
  head["chosen"] = Json::array();
  for (const Head& one : options.heads) head["chosen"].push_back(head_id(one));
  head["reasons"] = reasons_json(tokens, options);
  return head;
}

}  // namespace

std::string pattern_html(const AttentionPatterns& patterns, std::span<const std::string> tokens,
                         const PatternOptions& options) {
  check_patterns(patterns, tokens, options, "pattern_html");
  if (patterns.weights.size() > 2 * kMostWeights) {
    throw std::invalid_argument("[pattern_html] " + std::to_string(patterns.weights.size() / 2) +
                                " weights, expected at most " + std::to_string(kMostWeights) +
                                "; a picture has no such limit");
  }
  namespace text = pattern_page_text;
  return fill_skeleton(text::skeleton,
                       {{"policy", page_policy(text::script_hash, text::style_hash)},
                        {"title", escape_xml(pattern_title(tokens, options))},
                        {"style", std::string(text::style)},
                        {"head", script_safe(head_json(patterns, tokens, options).dump())},
                        {"weights", weights_text(patterns)},
                        {"script", std::string(text::script)}});
}

}  // namespace circuit
