#include "tracer/attribution/memory_plan.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tracer/attribution/feature_names.h"
#include "tracer/attribution/rows.h"
#include "tracer/machine/process_memory.h"

namespace circuit {
namespace {

// Larger batches gain nothing: products of 512 rows run at full rate, and a layer's sources are
// gathered seldom enough.
constexpr std::int64_t kMostBatchBytes = std::int64_t{256} << 20;
// Of the graph: column and weight of an edge; and while it is pruned also a mark.
constexpr std::int64_t kBytesPerEdge = 8;
constexpr std::int64_t kPruneBytesPerEdge = 1;
// Pictures of a few hundred nodes and the libraries that draw them.
constexpr std::int64_t kDrawingBytes = std::int64_t{48} << 20;

}  // namespace

std::string size_text(std::int64_t bytes) {
  constexpr std::int64_t kMiB = std::int64_t{1} << 20;
  const bool large = bytes >= 1024 * kMiB;
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), large ? "%.2f GiB" : "%.0f MiB",
                static_cast<double>(bytes) / static_cast<double>(large ? 1024 * kMiB : kMiB));
  return text.data();
}

MemoryNeeds memory_needs(const ReplacementRun& run, const Sources& sources,
                         std::int64_t max_features, std::int64_t n_targets) {
  const ColumnLayout& columns = sources.columns();
  const std::int64_t n_active = columns.n_active();
  const std::int64_t count = max_features == 0 ? n_active : std::min(max_features, n_active);
  const std::int64_t last = run.n_positions() - 1;
  MemoryNeeds needs;
  needs.held = resident_memory_bytes();
  needs.scratch = RowComputer::scratch_bytes(run, sources);
  needs.output = naming_bytes(*run.model) + kDrawingBytes;
  needs.largest_target = RowComputer::bytes_per_target(run, last);
  const ReadPoint output = {.layer = run.n_layers(), .position = last};

  // Which features will be selected is not known: the widest rows bound them.
  std::vector<std::int64_t> widths;
  std::vector<std::int64_t> others;  // errors and tokens of the same rows
  for (std::int64_t i = 0; i < n_active; ++i) {
    const auto index = static_cast<std::size_t>(i);
    const ReadPoint read = {.layer = run.features.layers[index],
                            .position = run.features.positions[index]};
    widths.push_back(columns.width(read));
    others.push_back(columns.width(read) - columns.features_begin(read, read.layer, 0));
    needs.all_targets += RowComputer::bytes_per_target(run, read.position);
  }
  std::ranges::sort(widths, std::greater<>());
  std::ranges::sort(others, std::greater<>());
  std::int64_t values = n_targets * columns.width(output);
  std::int64_t not_features = n_targets * columns.width(output);
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    values += widths[i];
    not_features += others[i];
  }
  needs.rows = values * static_cast<std::int64_t>(sizeof(float));
  // Of two selected features at most one reads the other.
  needs.edges = std::min(values, not_features + count * (count - 1) / 2 + n_targets * count);
  return needs;
}

MemoryPlan plan_memory(const MemoryNeeds& needs, std::int64_t budget_bytes) {
  const std::int64_t working = needs.held + needs.scratch;
  const std::int64_t graph = needs.edges * kBytesPerEdge;
  const std::int64_t finishing =
      needs.held + graph + std::max(needs.edges * kPruneBytesPerEdge, needs.output);
  const std::int64_t least = std::max(working + needs.largest_target, finishing);
  if (least > budget_bytes) {
    throw std::runtime_error("[trace] --memory is " + size_text(budget_bytes) +
                             ", expected at least " + size_text(least) + ": " +
                             size_text(needs.held) + " are held already, buffers take " +
                             size_text(needs.scratch + needs.largest_target) + ", a graph of " +
                             std::to_string(needs.edges) + " edges " +
                             size_text(needs.edges * (kBytesPerEdge + kPruneBytesPerEdge)) +
                             " (fewer --max-features make it smaller)");
  }
  MemoryPlan plan;
  const std::int64_t wanted =
      std::max(needs.largest_target, std::min(needs.all_targets, kMostBatchBytes));
  const std::int64_t free = budget_bytes - working;
  // A batch takes at most a quarter of what rows could use too.
  plan.batch_bytes = std::max(needs.largest_target, std::min(wanted, free / 4));
  plan.resident_row_bytes = std::max<std::int64_t>(
      0, std::min({needs.rows, free - plan.batch_bytes, budget_bytes - needs.held - graph}));
  plan.predicted_peak_bytes =
      std::max({peak_memory_bytes(), working + plan.batch_bytes + plan.resident_row_bytes,
                needs.held + plan.resident_row_bytes + graph, finishing});
  return plan;
}

}  // namespace circuit
