// Where the heads of a model look on one prompt, as one web page that asks no host for anything:
// hover names query, key and weight, a chosen head is enlarged (docs/page.md, Attention patterns).
#pragma once

#include <span>
#include <string>

#include "export/patterns/pattern_picture.h"

namespace circuit {

/// Weights are rounded to 1 / 65,535 and take 2.7 bytes each, those of keys after their query none.
/// Of the options, the first of `heads` is enlarged at first, `tables` stand with their heads,
/// `grid` and `most_runs` count for nothing. Tokens are data: no markup in them comes to life. The
/// same bytes for the same inputs.
/// Throws std::invalid_argument as pattern_svg does, under `[pattern_html]`, and for more than 8
/// million weights (60 tokens of 270 heads are half a million).
std::string pattern_html(const AttentionPatterns& patterns, std::span<const std::string> tokens,
                         const PatternOptions& options = {});

}  // namespace circuit
