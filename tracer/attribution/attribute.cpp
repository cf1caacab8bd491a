#include "tracer/attribution/attribute.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

#include <ATen/ATen.h>

#include "tracer/attribution/assemble.h"
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

// How many of `chosen` the next batch holds.
std::size_t batch_size(const ReplacementRun& run, std::span<const std::int64_t> chosen,
                       std::int64_t batch_bytes) {
  std::int64_t bytes = 0;
  std::size_t count = 0;
  for (; count < chosen.size(); ++count) {
    const auto feature = static_cast<std::size_t>(chosen[count]);
    bytes += RowComputer::bytes_per_target(run, run.features.positions[feature]);
    if (bytes > batch_bytes && count > 0) break;
  }
  return count;
}

// Chooses features and computes their rows after those of the targets.
void add_feature_rows(const ReplacementRun& run, RowComputer& computer, FeatureSelection& selection,
                      const MemoryPlan& plan, std::int64_t cap, const Progress& progress,
                      RowStore& store) {
  std::int64_t done = 0;
  for (auto chosen = selection.next(); !chosen.empty(); chosen = selection.next()) {
    for (std::size_t begin = 0; begin < chosen.size();) {
      const auto rest = std::span<const std::int64_t>(chosen).subspan(begin);
      const auto batch = rest.first(batch_size(run, rest, plan.batch_bytes));
      computer.add_rows(feature_targets(run, batch), batch, store);
      begin += batch.size();
      done += static_cast<std::int64_t>(batch.size());
      if (progress) progress("attribute", done, cap);
    }
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
  RowComputer computer(run, sources, run.model->dtype);
  RowStore store(sources.columns(), plan.resident_row_bytes);
  const std::int64_t first_target = sources.columns().n_columns();
  std::vector<std::int64_t> target_nodes(outputs.targets.size());
  std::iota(target_nodes.begin(), target_nodes.end(), first_target);
  computer.add_rows(outputs.rows, target_nodes, store);

  std::vector<double> weights(static_cast<std::size_t>(first_target), 0.0);
  for (const Target& target : outputs.targets) weights.push_back(target.probability);
  const std::size_t cap = std::min(feature_cap(options), run.features.layers.size());
  FeatureSelection selection(store, std::move(weights), cap,
                             static_cast<std::size_t>(options.batch_size * options.update_interval));
  add_feature_rows(run, computer, selection, plan, static_cast<std::int64_t>(cap), progress, store);
  return store;
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
      result.rounding = check_rounding(run, outputs, sources, store);
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
      plan_memory(memory_needs(run, sources, options.max_features,
                               static_cast<std::int64_t>(outputs.targets.size())),
                  options.memory_bytes);
  return attribute(run, outputs, options, sources, plan, progress);
}

}  // namespace circuit
