// Scores to take apart, drawn at random, and what their rounding is measured against.
#pragma once

#include <cstddef>
#include <random>
#include <vector>

#include "graph/score_table.h"
#include "tracer/replacement/run.h"

namespace circuit::testing {

/// Of any head and any query, keys that it sees.
std::vector<ScoreCell> random_cells(const ReplacementRun& run, std::size_t count,
                                    std::mt19937_64& random);

/// The score if query and key were parallel.
double parallel_score(const ReplacementRun& run, const ScoreCell& cell);

}  // namespace circuit::testing
