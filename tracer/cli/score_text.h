// Scores and closure errors as reports show them.
#pragma once

#include <optional>
#include <string>

#include "graph/scores.h"
#include "tracer/cli/json_line.h"

namespace circuit::cli {

/// `replacement 0.812, completeness 0.954`; `none` for a score that does not exist.
std::string scores_text(const Scores& scores);

/// `replacement_score` and `completeness_score`, null for one that does not exist.
template <typename Json>
Json scores_object(const Scores& scores) {
  Json object;
  object["replacement_score"] = number_or_null<Json>(scores.replacement);
  object["completeness_score"] = number_or_null<Json>(scores.completeness);
  return object;
}

/// `3.1e-07 (…)`, or `unknown`.
std::string closure_text(std::optional<double> closure_error);

}  // namespace circuit::cli
