#include "tracer/attribution/attribute.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <ATen/ATen.h>

#include "tracer/attribution/assemble.h"
#include "tracer/attribution/batches.h"
#include "tracer/attribution/decoder_similarity.h"
#include "tracer/attribution/device_rows.h"
#include "tracer/attribution/feature_targets.h"
#include "tracer/attribution/rows.h"
#include "tracer/attribution/selection.h"
#include "transcoders/product.h"

namespace circuit {
namespace {

void check(const AttributionOptions& options) {
  const auto at_least = [](const char* name, std::int64_t value, std::int64_t least) {
    if (value < least) {
      throw std::invalid_argument(std::string("[attribute] ") + name + " is " +
                                  std::to_string(value) + ", expected at least " +
                                  std::to_string(least));
    }
  };
  at_least("--max-features", options.max_features, 0);
  at_least("--batch-size", options.batch_size, 1);
  at_least("--update-interval", options.update_interval, 1);
  at_least("--memory", options.memory_bytes, 1);
}

std::size_t feature_cap(const AttributionOptions& options) {
  return options.max_features == 0 ? std::numeric_limits<std::size_t>::max()
                                   : static_cast<std::size_t>(options.max_features);
}

std::unique_ptr<RowEngine> make_engine(const ReplacementRun& run, Sources& sources,
                                       const MemoryPlan& plan, at::ScalarType products) {
  if (!plan.device) return std::make_unique<RowComputer>(run, sources, products);
  return std::make_unique<DeviceRows>(run, sources, products, plan.device->resident_sources);
}

void add_target_rows(const ReplacementRun& run, const OutputTargets& outputs, RowEngine& engine,
                     const MemoryPlan& plan, RowStore& store) {
  std::vector<std::int64_t> nodes(outputs.targets.size());
  std::iota(nodes.begin(), nodes.end(), store.columns().n_columns());
  const std::size_t most = output_batch(run, plan);
  for (std::size_t first = 0; first < nodes.size();) {
    const std::size_t count = std::min(most, nodes.size() - first);
    engine.add_rows(some_targets(outputs.rows, first, count),
                    std::span<const std::int64_t>(nodes).subspan(first, count), store);
    first += count;
  }
  engine.finish(store);
}

// Chooses features and computes their rows after those of the targets.
void add_feature_rows(const ReplacementRun& run, RowEngine& engine, FeatureSelection& selection,
                      const MemoryPlan& plan, std::int64_t cap, const Progress& progress,
                      RowStore& store) {
  std::int64_t done = 0;
  for (auto chosen = selection.next(); !chosen.empty(); chosen = selection.next()) {
    for (const std::vector<std::int64_t>& batch : feature_batches(run, chosen, plan)) {
      engine.add_rows(feature_targets(run, batch), batch, store);
      done += static_cast<std::int64_t>(batch.size());
      if (progress) progress("attribute", done, cap);
    }
    engine.finish(store);
  }
}

GraphNodes describe_nodes(const ReplacementRun& run, const OutputTargets& outputs) {
  GraphNodes nodes;
  nodes.n_layers = static_cast<std::int32_t>(run.n_layers());
  nodes.input_ids = run.record.input_ids;
  const ActiveFeatureSet& all = run.features;
  const at::Tensor activations = all.activations.to(at::kFloat).contiguous();
  for (std::size_t i = 0; i < all.layers.size(); ++i) {
    nodes.active_features.push_back({all.layers[i], all.positions[i], all.features[i]});
  }
  nodes.activation_values.assign(activations.data_ptr<float>(),
                                 activations.data_ptr<float>() + activations.numel());
  nodes.targets = outputs.targets;
  return nodes;
}

RowStore compute_rows(const ReplacementRun& run, const OutputTargets& outputs,
                      const AttributionOptions& options, Sources& sources, const MemoryPlan& plan,
                      const Progress& progress) {
  const std::unique_ptr<RowEngine> engine = make_engine(run, sources, plan, run.model->dtype);
  RowStore store(sources.columns(), plan.resident_row_bytes);
  add_target_rows(run, outputs, *engine, plan, store);

  std::vector<double> weights(static_cast<std::size_t>(sources.columns().n_columns()), 0.0);
  for (const Target& target : outputs.targets) weights.push_back(target.probability);
  const std::size_t cap = std::min(feature_cap(options), run.features.layers.size());
  FeatureSelection selection(
      store, std::move(weights), cap,
      static_cast<std::size_t>(options.batch_size * options.update_interval));
  add_feature_rows(run, *engine, selection, plan, static_cast<std::int64_t>(cap), progress, store);
  return store;
}

// On a device other than the CPU rows are computed there; the CPU needs buffers for copies only.
MemoryPlan plan_trace(const ReplacementRun& run, Sources& sources,
                      const AttributionOptions& options, std::int64_t n_targets) {
  MemoryNeeds needs = memory_needs(run, sources, options.max_features, n_targets);
  if (options.similarity) {
    const std::int64_t n_active = run.features.size();
    const std::int64_t cap = options.max_features == 0 ? n_active : options.max_features;
    needs.output = std::max(needs.output, similarity_bytes(run, std::min(cap, n_active)));
  }
  if (run.device().is_cpu()) return plan_memory(needs, options.memory_bytes);
  const std::optional<DeviceMemory> memory = device_memory(run.device());
  const DevicePlan device = plan_device(device_needs(run, sources, memory),
                                        device_budget(options.device_memory_bytes, memory));
  needs.scratch = device.host_bytes;
  needs.largest_target = needs.all_targets = 0;
  MemoryPlan plan = plan_memory(needs, options.memory_bytes);
  plan.device = device;
  return plan;
}

}  // namespace

Attribution attribute(const ReplacementRun& run, const OutputTargets& outputs,
                      const AttributionOptions& options, Sources& sources, const MemoryPlan& plan,
                      const Progress& progress) {
  check(options);
  Attribution result;
  AssembledGraph assembled;
  {
    const RowStore store = compute_rows(run, outputs, options, sources, plan, progress);
    if (sum_type(run.model->dtype) != run.model->dtype) {
      const auto wide = make_engine(run, sources, plan, sum_type(run.model->dtype));
      result.rounding = check_rounding(run, outputs, *wide, store);
    }
    assembled = assemble(store, outputs.targets.size());
  }
  result.nodes = describe_nodes(run, outputs);
  result.nodes.selected_features = std::move(assembled.selected_features);
  result.edges = std::move(assembled.edges);
  result.row_dropped = std::move(assembled.row_dropped);
  result.totals = std::move(assembled.totals);
  result.plan = plan;
  return result;
}

Attribution attribute(const ReplacementRun& run, const OutputTargets& outputs,
                      const AttributionOptions& options, const Progress& progress) {
  check(options);
  Sources sources(run);
  const MemoryPlan plan =
      plan_trace(run, sources, options, static_cast<std::int64_t>(outputs.targets.size()));
  return attribute(run, outputs, options, sources, plan, progress);
}

}  // namespace circuit
