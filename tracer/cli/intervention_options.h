// The options that say what is changed while the model reads: `--set`, `--supernodes`, `--steer`,
// `--swap-from`, and what is held still (docs/formats.md, Interventions on the command line).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tracer/intervention/intervention.h"

namespace CLI {
class App;
}

namespace circuit::cli {

/// As they were given.
struct InterventionArguments {
  std::vector<std::string> edits, steering;
  std::filesystem::path supernodes;
  bool force = false;
  std::string swap_from, swap_map, swap_layers, swap = "features";
  std::string freeze = "attention", constrained;

  /// Whether anything is changed.
  bool any() const { return !edits.empty() || !steering.empty() || !swap_from.empty(); }
};

void add_intervention_options(CLI::App& command, InterventionArguments& arguments);

/// All that the command line alone shows; throws std::invalid_argument. Reads no file.
void check_intervention_options(const InterventionArguments& arguments);

/// What they say, and what must hold of the transcoders.
struct ReadIntervention {
  Intervention intervention;
  /// Of the transcoders that the supernodes were made with; empty = any will do.
  std::string transcoders_hash;
};

/// Requires the check. Reads supernodes and vectors; throws std::runtime_error for files that
/// cannot be read, and std::invalid_argument for a supernode that is not in them.
ReadIntervention read_intervention_options(const InterventionArguments& arguments);

}  // namespace circuit::cli
