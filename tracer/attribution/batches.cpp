#include "tracer/attribution/batches.h"

#include <algorithm>
#include <limits>

#include <ATen/ATen.h>

namespace circuit {
namespace {

using Batches = std::vector<std::vector<std::int64_t>>;

Batches by_bytes(const ReplacementRun& run, std::span<const std::int64_t> chosen,
                 std::int64_t batch_bytes) {
  Batches batches;
  std::int64_t bytes = 0;
  for (const std::int64_t feature : chosen) {
    const std::int64_t more = RowComputer::bytes_per_target(
        run, run.features.positions[static_cast<std::size_t>(feature)]);
    if (batches.empty() || bytes + more > batch_bytes) {
      batches.emplace_back();
      bytes = 0;
    }
    batches.back().push_back(feature);
    bytes += more;
  }
  return batches;
}

Batches by_position(const ReplacementRun& run, std::span<const std::int64_t> chosen,
                    std::int64_t batch_rows) {
  const auto position = [&](std::int64_t feature) {
    return run.features.positions[static_cast<std::size_t>(feature)];
  };
  std::vector<std::int64_t> order(chosen.begin(), chosen.end());
  std::ranges::stable_sort(order, std::ranges::greater(), position);
  Batches batches;
  std::size_t room = 0;
  for (const std::int64_t feature : order) {
    if (room == 0) {
      batches.emplace_back();
      const std::int64_t rows = position(feature) + 1 - run.zero_positions;
      room = static_cast<std::size_t>(std::max<std::int64_t>(1, batch_rows / rows));
    }
    batches.back().push_back(feature);
    --room;
  }
  for (auto& batch : batches) std::ranges::sort(batch);
  return batches;
}

}  // namespace

Batches feature_batches(const ReplacementRun& run, std::span<const std::int64_t> chosen,
                        const MemoryPlan& plan) {
  return plan.device ? by_position(run, chosen, plan.device->batch_rows)
                     : by_bytes(run, chosen, plan.batch_bytes);
}

std::size_t output_batch(const ReplacementRun& run, const MemoryPlan& plan) {
  if (!plan.device) return std::numeric_limits<std::size_t>::max();
  const std::int64_t rows = run.n_positions() - run.zero_positions;
  return static_cast<std::size_t>(std::max<std::int64_t>(1, plan.device->batch_rows / rows));
}

RowTargets some_targets(const RowTargets& targets, std::size_t first, std::size_t count) {
  const auto part = [&](const auto& all) {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(first);
    return std::vector(begin, begin + static_cast<std::ptrdiff_t>(count));
  };
  return {.reads = part(targets.reads),
          .covectors = targets.covectors.narrow(0, static_cast<std::int64_t>(first),
                                                static_cast<std::int64_t>(count)),
          .constants = part(targets.constants),
          .pre_activations = part(targets.pre_activations)};
}

}  // namespace circuit
