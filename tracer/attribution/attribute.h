// Attribution of one prompt: which features become nodes, and every edge into them and into the
// targets (docs/method.md, attribution).
#pragma once

#include <optional>
#include <vector>

#include "graph/attribution_graph.h"
#include "tracer/attribution/check_rounding.h"
#include "tracer/attribution/memory_plan.h"
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
  MemoryPlan plan;
  std::optional<RoundingCheck> rounding;  ///< where products are narrower than their sums
};

/// Selected features, and so the result, equal circuit-tracer's for the same round size. Throws
/// std::invalid_argument for options out of range, std::runtime_error when it does not fit
/// `options.memory_bytes`.
Attribution attribute(const ReplacementRun& run, const OutputTargets& outputs,
                      const AttributionOptions& options, const Progress& progress = {});

/// The same with a plan of the caller's.
Attribution attribute(const ReplacementRun& run, const OutputTargets& outputs,
                      const AttributionOptions& options, Sources& sources, const MemoryPlan& plan,
                      const Progress& progress = {});

}  // namespace circuit
