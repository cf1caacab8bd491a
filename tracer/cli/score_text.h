// Scores and closure errors as reports show them.
#pragma once

#include <optional>
#include <string>

#include "graph/scores.h"

namespace circuit::cli {

/// `replacement 0.812, completeness 0.954`; `none` for a score that does not exist.
std::string scores_text(const Scores& scores);

/// `3.1e-07 (…)`, or `unknown`.
std::string closure_text(std::optional<double> closure_error);

}  // namespace circuit::cli
