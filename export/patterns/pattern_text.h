// Words of pictures and pages of attention patterns, and what they ask of their input. Private to
// them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "export/patterns/pattern_picture.h"

namespace circuit {

/// Throws std::invalid_argument `[operation] …` as pattern_svg says.
void check_patterns(const AttentionPatterns& patterns, std::span<const std::string> tokens,
                    const PatternOptions& options, const char* operation);

/// The title, or the tokens put together.
std::string pattern_title(std::span<const std::string> tokens, const PatternOptions& options);

/// One line, never empty, at most `most` characters: `petit`, `␣`, `averyverylo…`.
std::string token_label(const std::string& token, std::size_t most);

/// `97 %`, `0.6 %`.
std::string percent_text(double share);

/// `+1.24`, `−0.31`: three digits.
std::string signed_text(double value);

/// `L3/12 at 4 small, little`, `error L3 at 4`, `token “petit” (3)`, `biases`.
std::string source_text(const ScoreSource& source, std::span<const std::string> tokens,
                        const AttributionGraph* graph);

/// `“est” (4) looks at “petit” (3), 97 %`, and of a contrast `, not at “le” (1), 1 %`.
std::string cell_text(const ScoreTable& table, std::span<const std::string> tokens);

/// `because of the score, +4.21, the sum of 89 × 58 terms (query side × key side):`
std::string sum_text(const ScoreTable& table);

/// The `most` largest terms of each sign, by magnitude.
std::vector<ScoreTerm> largest_terms(const ScoreTable& table, std::size_t most);

}  // namespace circuit
