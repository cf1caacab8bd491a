// What `circuit inspect` prints.
#pragma once

#include <optional>
#include <string>

#include "export/file/graph_file.h"
#include "tracer/cli/engine.h"

namespace circuit::cli {

struct Inspection {
  InspectReport engine;  ///< model, transcoders, SAE
  std::optional<GraphFile> graph;
  bool full_hash = false;

  /// Whether two of the four are there, so that something can fit or not.
  bool compares() const;
};

/// Empty when all that is there fits together, else the first thing that does not.
std::string find_misfit(const Inspection& inspection);

std::string inspection_text(const Inspection& inspection);
/// `model`, `transcoders`, `sae`, `graph` as given, and `fit` {`fits`, `problem`} of two or more.
std::string inspection_json(const Inspection& inspection);

}  // namespace circuit::cli
