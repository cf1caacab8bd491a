// How a trace keeps to `--memory`: what is held already, what it must hold, and how large a batch
// may be and how many rows stay in memory in what is left (docs/performance.md, memory).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tracer/attribution/device_plan.h"
#include "tracer/attribution/sources.h"
#include "tracer/options.h"
#include "tracer/replacement/run.h"

namespace circuit {

struct MemoryPlan {
  std::int64_t batch_bytes = 0;           ///< gradients of a batch; it holds one target at least
  std::int64_t resident_row_bytes = 0;    ///< rows beyond this are spilled
  std::int64_t predicted_peak_bytes = 0;  ///< of the process, at most
  std::optional<DevicePlan> device;       ///< rows are computed by DeviceRows; else RowComputer
};

/// What is known before rows are computed; all in bytes.
struct MemoryNeeds {
  std::int64_t held = 0;            ///< by the process now
  std::int64_t scratch = 0;         ///< buffers that do not depend on the batch
  std::int64_t largest_target = 0;  ///< gradients of one target
  std::int64_t all_targets = 0;     ///< gradients of all targets together
  std::int64_t rows = 0;            ///< rows over all active features, at most
  std::int64_t edges = 0;           ///< number of edges of the graph, at most
  std::int64_t output = 0;          ///< what naming features and drawing take in the end
};

/// `1.50 GiB`
std::string size_text(std::int64_t bytes);

/// Of a trace of at most `max_features` features (0 = all) and `n_targets` outputs.
MemoryNeeds memory_needs(const ReplacementRun& run, const Sources& sources,
                         std::int64_t max_features, std::int64_t n_targets);

/// Throws std::runtime_error `[trace] --memory …` when `budget_bytes` cannot hold it.
MemoryPlan plan_memory(const MemoryNeeds& needs, std::int64_t budget_bytes);

}  // namespace circuit
