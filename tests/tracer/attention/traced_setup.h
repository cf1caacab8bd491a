// A tiny random model traced in full, with all that the tests of this folder ask for.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include <ATen/core/Tensor.h>

#include "graph/attribution_graph.h"
#include "tests/support/autograd_reference.h"
#include "tests/support/tiny_setup.h"
#include "tracer/attribution/sources.h"
#include "tracer/replacement/run.h"

namespace circuit::testing {

inline const std::vector<std::int32_t> kIds = {0, 7, 3, 19, 7, 30, 11};
inline const std::vector<std::int32_t> kTargetIds = {4, 9};

struct TracedSetup {
  TracedSetup(const TinyCase& tiny, at::ScalarType dtype);

  /// Nodes of an edge that can be; features and outputs as targets. Of few-layered models most lie
  /// one layer of attention apart.
  struct Ends {
    std::size_t source = 0, target = 0;
  };
  Ends random_edge(std::mt19937_64& random) const;
  /// Σ|row| of a target.
  double row_scale(std::size_t target) const;
  /// Row of a node among those of the autograd reference, and its column.
  std::int64_t reference_row(std::size_t target) const;

  TinySetup setup;
  ReplacementRun run;
  std::unique_ptr<AttributionGraph> graph;
  at::Tensor covectors;  ///< of the targets
  /// Targets beside the tokens: features at earlier positions and a vector.
  std::vector<AutogradTarget> more_targets;
};

}  // namespace circuit::testing
