// How a graph is pruned: `--node-threshold`, `--edge-threshold`, `--max-nodes`, `--keep-errors`,
// `--edges-per-target`.
#pragma once

#include <string>

#include "graph/prune.h"

namespace CLI {
class App;
}

namespace circuit::cli {

/// Groups of the help where graphs that are pruned already are taken as they are.
inline constexpr char kPruningOfGraph[] =
    "Pruning, of a graph that is not pruned or where one of these is given";
inline constexpr char kPruningOfGraphs[] =
    "Pruning, of graphs that are not pruned or where one of these is given";

/// Binds the options to `options`, in `group` of the help; their defaults are what it holds.
void add_prune_options(CLI::App& command, PruneOptions& options, const std::string& group);

/// Whether one of them was given on the command line.
bool prune_options_given(const CLI::App& command);

/// Throws std::invalid_argument when a threshold is outside [0, 1] or not finite.
void check_prune_options(const PruneOptions& options);

/// The same for any share: `--logit-prob is 2, expected a number in [0, 1]`.
void check_share(const std::string& option, double value);

}  // namespace circuit::cli
