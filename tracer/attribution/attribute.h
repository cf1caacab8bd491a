// Attribution of one prompt: which features become nodes, and every edge into them and into the
// targets (docs/method.md, attribution).
#pragma once

#include "graph/attribution_graph.h"
#include "tracer/attribution/targets.h"
#include "tracer/options.h"
#include "tracer/replacement/run.h"

namespace circuit {

/// Everything of an AttributionGraph but where it came from.
struct Attribution {
  GraphNodes nodes;  ///< without token texts
  EdgeMatrix edges;
  std::vector<float> row_dropped;
  RowTotals totals;
};

/// Uses up `run`'s decoder rows. Selected features, and so the result, equal circuit-tracer's for
/// the same round size. Throws std::invalid_argument for options out of range.
Attribution attribute(ReplacementRun& run, const OutputTargets& outputs,
                      const AttributionOptions& options, const Progress& progress = {});

}  // namespace circuit
