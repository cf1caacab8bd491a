// Attention scores as tables of terms (docs/method.md, scores of a head).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/score_table.h"
#include "tracer/attention/score_sides.h"
#include "tracer/options.h"

namespace circuit {

/// In the order of `cells`. Costs d_head rows of a backward for each query and key, shared by cells
/// that have it in common, and a product of both sides for each cell. Throws std::invalid_argument
/// `[attention] …` for a head or a position that is not there, a key behind its query or outside
/// the head's window.
std::vector<ScoreTable> score_tables(const ReplacementRun& run, ScoreSides& sides,
                                     std::span<const ScoreCell> cells, const TableOptions& options);

}  // namespace circuit
