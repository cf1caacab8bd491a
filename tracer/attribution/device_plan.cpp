#include "tracer/attribution/device_plan.h"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>

#include "tracer/attribution/device_rows.h"
#include "tracer/attribution/memory_plan.h"

namespace circuit {
namespace {

// Larger batches gain nothing: products of so many rows fill any device …
constexpr std::int64_t kMostRows = 32768;
// … and edges come to the CPU through two buffers of at most this size.
constexpr std::int64_t kMostHostBytes = std::int64_t{256} << 20;
// The libraries of matrix products take work space of their own.
constexpr std::int64_t kWorkspaceBytes = std::int64_t{64} << 20;

// Pinned memory comes in powers of two.
std::int64_t pinned_bytes(std::int64_t bytes) {
  return static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(bytes)));
}

}  // namespace

DeviceNeeds device_needs(const ReplacementRun& run, Sources& sources,
                         const std::optional<DeviceMemory>& memory) {
  const DeviceSources matrices(run, sources, /*resident=*/false);
  DeviceNeeds needs;
  needs.held = memory ? memory->held : 0;
  needs.peak = memory ? memory->peak : 0;
  needs.fixed = DeviceBackward::fixed_bytes(run) + kWorkspaceBytes;
  needs.bytes_per_row = DeviceRows::bytes_per_row(run, matrices.columns());
  needs.host_bytes_per_row = DeviceRows::host_bytes_per_row(run, matrices.columns());
  for (std::int64_t layer = 0; layer < run.n_layers(); ++layer) {
    needs.all_sources += matrices.layer_bytes(layer);
    needs.largest_sources = std::max(needs.largest_sources, matrices.layer_bytes(layer));
  }
  needs.largest_target = run.n_positions() - run.zero_positions;
  for (const std::int32_t position : run.features.positions) {
    needs.all_targets += position + 1 - run.zero_positions;
  }
  return needs;
}

DevicePlan plan_device(const DeviceNeeds& needs, std::int64_t budget_bytes) {
  const std::int64_t target = needs.largest_target * needs.bytes_per_row;
  const std::int64_t streamed = std::min(needs.all_sources, 2 * needs.largest_sources);
  const std::int64_t least = needs.held + needs.fixed + streamed + target;
  if (least > budget_bytes) {
    throw std::runtime_error("[trace] --device-memory is " + size_text(budget_bytes) +
                             ", expected at least " + size_text(least) + ": " +
                             size_text(needs.held) + " are held already, buffers take " +
                             size_text(needs.fixed) + ", the sources of two layers " +
                             size_text(streamed) + ", one target " + size_text(target));
  }
  const std::int64_t most =
      std::min({kMostRows, needs.all_targets, kMostHostBytes / needs.host_bytes_per_row});
  const std::int64_t wanted = std::max(needs.largest_target, most);
  const std::int64_t rest = budget_bytes - needs.held - needs.fixed;
  DevicePlan plan;
  // A smaller batch is no great loss as long as the sources need not be copied for it.
  plan.resident_sources =
      needs.all_sources + std::max(target, wanted / 4 * needs.bytes_per_row) <= rest;
  const std::int64_t kept = plan.resident_sources ? needs.all_sources : streamed;
  plan.batch_rows = std::clamp((rest - kept) / needs.bytes_per_row, needs.largest_target, wanted);
  plan.predicted_peak_bytes =
      std::max(needs.peak, needs.held + needs.fixed + kept + plan.batch_rows * needs.bytes_per_row);
  plan.host_bytes = 2 * pinned_bytes(plan.batch_rows * needs.host_bytes_per_row) +
                    2 * pinned_bytes(needs.largest_sources);
  return plan;
}

std::int64_t device_budget(std::int64_t option, const std::optional<DeviceMemory>& memory) {
  if (option > 0) return option;
  if (!memory) {
    throw std::runtime_error(
        "[trace] this LibTorch does not tell how much memory the device has, expected "
        "--device-memory SIZE");
  }
  return memory->held + memory->available / 20 * 19;
}

}  // namespace circuit
