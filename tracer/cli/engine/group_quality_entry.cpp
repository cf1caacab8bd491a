#include <algorithm>
#include <random>
#include <span>
#include <utility>

#include "graph/partition_quality.h"
#include "tracer/cli/engine/run_guarded.h"
#include "tracer/cli/group_quality_call.h"
#include "tracer/explorer.h"
#include "tracer/tracer.h"

namespace circuit::cli {
namespace {

/// What is kept of a traced prompt.
struct TracedPrompt {
  std::vector<std::int32_t> ids;
  std::vector<ActiveFeature> active;            ///< ascending; all that fired
  std::vector<ActiveFeature> kept;              ///< ascending
  std::vector<std::int32_t> layers;             ///< of `kept`
  std::vector<std::vector<std::size_t>> parts;  ///< [groupings] a label for each of `kept`
  std::vector<std::size_t> n_groups;            ///< [groupings]
};

/// A label for each of `nodes`; those in no group are a part by themselves.
std::vector<std::size_t> labels_of(const std::vector<std::vector<std::size_t>>& groups,
                                   const std::vector<std::size_t>& nodes) {
  std::vector<std::size_t> labels(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) labels[i] = groups.size() + i;
  for (std::size_t group = 0; group < groups.size(); ++group) {
    for (const std::size_t node : groups[group]) {
      const auto at = std::ranges::lower_bound(nodes, node);
      labels[static_cast<std::size_t>(at - nodes.begin())] = group;
    }
  }
  return labels;
}

TracedPrompt trace_prompt(const Tracer& tracer, const FieldedPrompt& prompt,
                          const GroupQualityRequest& request) {
  const bool similarity = std::ranges::any_of(request.groupings, &GroupingOptions::by_similarity);
  const AttributionGraph graph = tracer.trace(prompt.prompt, {.similarity = similarity}).graph;
  const PrunedGraph pruned = prune(graph, request.pruning);
  TracedPrompt traced{.ids = graph.nodes().input_ids, .active = graph.nodes().active_features};
  std::vector<std::size_t> nodes;
  for (std::size_t node = 0; node < graph.n_features(); ++node) {
    if (pruned.node_mask[node] == 0) continue;
    const Node feature = graph.node(node);
    nodes.push_back(node);
    traced.kept.push_back(
        {.layer = feature.layer, .position = feature.position, .feature = feature.feature});
    traced.layers.push_back(feature.layer);
  }
  for (const GroupingOptions& grouping : request.groupings) {
    const auto groups = find_groups(graph, pruned, grouping);
    traced.parts.push_back(labels_of(groups, nodes));
    traced.n_groups.push_back(groups.size());
  }
  return traced;
}

/// Prompts of as many tokens that differ from prompt `index` in `field` alone.
std::vector<std::size_t> variants_of(const GroupQualityRequest& request,
                                     const std::vector<TracedPrompt>& traced, std::size_t index,
                                     const std::string& field) {
  std::vector<std::size_t> variants;
  std::map<std::string, std::string> rest = request.prompts[index].fields;
  rest.erase(field);
  for (std::size_t other = 0; other < traced.size(); ++other) {
    std::map<std::string, std::string> fields = request.prompts[other].fields;
    const auto found = fields.find(field);
    if (other == index || found == fields.end() ||
        found->second == request.prompts[index].fields.at(field) ||
        traced[other].ids.size() != traced[index].ids.size()) {
      continue;
    }
    fields.erase(found);
    if (fields == rest) variants.push_back(other);
  }
  return variants;
}

/// Which fields turn each kept feature off: one bit a field, set when the feature is silent in more
/// than half of the prompts where that field alone is another. Empty when no field has such.
std::vector<std::size_t> parts_by_fields(const GroupQualityRequest& request,
                                         const std::vector<TracedPrompt>& traced,
                                         std::size_t index) {
  std::vector<std::size_t> parts(traced[index].kept.size(), 0);
  bool any = false;
  std::size_t bit = 1;
  for (const auto& [field, value] : request.prompts[index].fields) {
    const std::vector<std::size_t> variants = variants_of(request, traced, index, field);
    for (std::size_t i = 0; i < parts.size() && !variants.empty(); ++i) {
      const auto silent = std::ranges::count_if(variants, [&](std::size_t other) {
        return !std::ranges::binary_search(traced[other].active, traced[index].kept[i]);
      });
      if (2 * static_cast<std::size_t>(silent) > variants.size()) parts[i] |= bit;
    }
    any = any || !variants.empty();
    bit *= 2;
  }
  if (!any) parts.clear();
  return parts;
}

/// How each kept feature moves the logits when it alone is silenced, [kept, vocabulary].
std::vector<float> ablate(const Explorer& explorer, const TracedPrompt& traced) {
  std::vector<FeatureEdit> edits;
  for (const ActiveFeature& feature : traced.kept) {
    FeatureEdit edit{.layer = feature.layer, .feature = feature.feature, .positions = {}};
    edit.positions.begin = feature.position;
    edit.positions.end = feature.position + 1;
    edits.push_back(std::move(edit));
  }
  return explorer.logit_changes({.token_ids = traced.ids}, edits);
}

PromptQuality measure(const TracedPrompt& traced, std::size_t grouping,
                      std::span<const std::size_t> by_fields, const EffectAgreement& agreement,
                      const GroupQualityRequest& request, std::size_t index) {
  const std::vector<std::size_t>& parts = traced.parts[grouping];
  const std::size_t n_groups = traced.n_groups[grouping];
  PromptQuality quality{.features = parts.size(), .groups = n_groups};
  quality.members = static_cast<std::size_t>(
      std::ranges::count_if(parts, [&](std::size_t part) { return part < n_groups; }));
  quality.agreement = agreement(parts);
  if (!by_fields.empty()) quality.rand_index = adjusted_rand_index(parts, by_fields);
  std::mt19937_64 random(request.seed + index);
  for (std::size_t i = 0; i < request.random_partitions; ++i) {
    const std::vector<std::size_t> dealt = shuffled_parts(parts, traced.layers, random);
    if (quality.agreement) quality.random_agreements.push_back(agreement(dealt).value_or(0));
    if (quality.rand_index) {
      quality.random_indices.push_back(adjusted_rand_index(dealt, by_fields).value_or(0));
    }
  }
  return quality;
}

void report_progress(const GroupQualityRequest& request, const char* stage, std::size_t done) {
  if (!request.progress) return;
  request.progress(stage, static_cast<std::int64_t>(done),
                   static_cast<std::int64_t>(request.prompts.size()));
}

std::vector<TracedPrompt> trace_all(const GroupQualityRequest& request) {
  const Tracer tracer(request.load);
  std::vector<TracedPrompt> traced;
  for (const FieldedPrompt& prompt : request.prompts) {
    traced.push_back(trace_prompt(tracer, prompt, request));
    report_progress(request, "trace", traced.size());
  }
  return traced;
}

GroupQualityReport measure_groupings(const GroupQualityRequest& request) {
  const std::vector<TracedPrompt> traced = trace_all(request);
  const Explorer explorer(request.load);
  GroupQualityReport report;
  report.groupings.resize(request.groupings.size());
  for (std::size_t index = 0; index < traced.size(); ++index) {
    const std::vector<std::size_t> by_fields = parts_by_fields(request, traced, index);
    if (by_fields.empty()) ++report.without_variants;
    const EffectAgreement agreement(ablate(explorer, traced[index]), traced[index].layers);
    for (std::size_t grouping = 0; grouping < request.groupings.size(); ++grouping) {
      report.groupings[grouping].push_back(
          measure(traced[index], grouping, by_fields, agreement, request, index));
    }
    report_progress(request, "ablate", index + 1);
  }
  return report;
}

}  // namespace
}  // namespace circuit::cli

int circuit_engine_group_quality(circuit::cli::GroupQualityCall* call) {
  return circuit::cli::run_guarded(*call, "group-quality", circuit::cli::measure_groupings);
}
