// How a trace keeps to the memory of a device: how large a batch may be, and whether the vectors of
// all sources stay there (docs/performance.md, CUDA).
#pragma once

#include <cstdint>
#include <optional>

#include "tracer/attribution/sources.h"
#include "tracer/machine/device.h"
#include "tracer/replacement/run.h"

namespace circuit {

struct DevicePlan {
  std::int64_t batch_rows = 0;   ///< positions × targets of a batch; it holds one target at least
  bool resident_sources = true;  ///< else each layer is copied again for each batch
  std::int64_t predicted_peak_bytes = 0;  ///< of this process on the device, at most
  std::int64_t host_bytes = 0;            ///< of buffers on the CPU's side
};

/// What is known before rows are computed; in bytes but for the rows.
struct DeviceNeeds {
  std::int64_t held = 0;           ///< on the device now: weights, the forward's record
  std::int64_t peak = 0;           ///< so far
  std::int64_t fixed = 0;          ///< buffers that do not depend on the batch
  std::int64_t bytes_per_row = 0;  ///< gradients, buffers and edges of one position of a target
  std::int64_t host_bytes_per_row = 0;
  std::int64_t all_sources = 0;      ///< vectors of all layers
  std::int64_t largest_sources = 0;  ///< of one layer
  std::int64_t largest_target = 0;   ///< rows of one target at most
  std::int64_t all_targets = 0;      ///< rows of all targets together
};

/// `memory`: of the run's device, where that is known.
DeviceNeeds device_needs(const ReplacementRun& run, Sources& sources,
                         const std::optional<DeviceMemory>& memory);

/// Throws std::runtime_error `[trace] --device-memory …` when `budget_bytes` cannot hold a target.
DevicePlan plan_device(const DeviceNeeds& needs, std::int64_t budget_bytes);

/// The budget: `option` (`--device-memory`), or nearly all that is held and available when that is
/// 0. Throws std::runtime_error when neither is known.
std::int64_t device_budget(std::int64_t option, const std::optional<DeviceMemory>& memory);

}  // namespace circuit
