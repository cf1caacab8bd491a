#include "tracer/cli/group_quality_report.h"

#include <algorithm>
#include <map>
#include <numeric>

#include <nlohmann/json.hpp>

#include "export/text/output_text.h"
#include "tracer/cli/json_line.h"
#include "tracer/cli/report_table.h"

namespace circuit::cli {
namespace {

using Json = nlohmann::ordered_json;
using Prompts = std::vector<PromptQuality>;

/// Of each random partition, its mean over the prompts, ascending.
std::vector<double> random_means(const Prompts& prompts,
                                 std::vector<double> PromptQuality::*values) {
  std::vector<double> sums;
  std::size_t count = 0;
  for (const PromptQuality& prompt : prompts) {
    const std::vector<double>& of_prompt = prompt.*values;
    if (of_prompt.empty()) continue;
    sums.resize(of_prompt.size(), 0.0);
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += of_prompt[i];
    ++count;
  }
  for (double& sum : sums) sum /= static_cast<double>(count);
  std::ranges::sort(sums);
  return sums;
}

MeasureSummary summarise_measure(const Prompts& prompts,
                                 std::optional<double> PromptQuality::*value,
                                 std::vector<double> PromptQuality::*random,
                                 const std::vector<std::size_t>& clusters, std::uint64_t seed) {
  std::vector<double> values;
  std::vector<std::size_t> of_clusters;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    if (!(prompts[i].*value)) continue;
    values.push_back(*(prompts[i].*value));
    of_clusters.push_back(clusters[i]);
  }
  MeasureSummary summary;
  summary.mean = bootstrap_mean(values, of_clusters, 10'000, seed);
  const std::vector<double> means = random_means(prompts, random);
  if (!summary.mean || means.empty()) {
    summary.verdict = "nothing to measure";
    return summary;
  }
  summary.random_mean =
      std::accumulate(means.begin(), means.end(), 0.0) / static_cast<double>(means.size());
  summary.random_high =
      means[static_cast<std::size_t>(0.975 * static_cast<double>(means.size() - 1) + 0.5)];
  summary.verdict = summary.mean->clusters < kLeastClusters   ? "too few clusters"
                    : summary.mean->low > summary.random_high ? "above random"
                                                              : "not above random";
  return summary;
}

GroupingSummary summarise_grouping(const Prompts& prompts, const std::string& criteria,
                                   const std::vector<std::size_t>& clusters, std::uint64_t seed) {
  GroupingSummary summary{.criteria = criteria};
  for (const PromptQuality& prompt : prompts) {
    if (prompt.groups > 0) ++summary.prompts_with_groups;
    const double n = static_cast<double>(prompts.size());
    summary.groups += static_cast<double>(prompt.groups) / n;
    summary.members += static_cast<double>(prompt.members) / n;
    summary.features += static_cast<double>(prompt.features) / n;
  }
  summary.rand_index = summarise_measure(prompts, &PromptQuality::rand_index,
                                         &PromptQuality::random_indices, clusters, seed);
  summary.agreement = summarise_measure(prompts, &PromptQuality::agreement,
                                        &PromptQuality::random_agreements, clusters, seed);
  return summary;
}

std::string measure_text(const MeasureSummary& measure) {
  if (!measure.mean) return measure.verdict;
  return fixed_text(measure.mean->mean, 3) + " [" + fixed_text(measure.mean->low, 3) + ", " +
         fixed_text(measure.mean->high, 3) + "], random " + fixed_text(measure.random_mean, 3) +
         " (97.5 % below " + fixed_text(measure.random_high, 3) + "), " +
         count_text(measure.mean->values) + " prompts of " + count_text(measure.mean->clusters) +
         " clusters: " + measure.verdict;
}

Json measure_json(const MeasureSummary& measure) {
  Json object;
  object["mean"] = measure.mean ? Json(measure.mean->mean) : Json();
  object["low"] = measure.mean ? Json(measure.mean->low) : Json();
  object["high"] = measure.mean ? Json(measure.mean->high) : Json();
  object["prompts"] = measure.mean ? measure.mean->values : 0;
  object["clusters"] = measure.mean ? measure.mean->clusters : 0;
  object["random_mean"] = measure.random_mean;
  object["random_high"] = measure.random_high;
  object["verdict"] = measure.verdict;
  return object;
}

}  // namespace

std::vector<std::size_t> clusters_of(const std::vector<FieldedPrompt>& prompts,
                                     const std::string& field) {
  std::map<std::string, std::size_t> numbers;
  std::vector<std::size_t> clusters;
  std::size_t next = 0;
  for (const FieldedPrompt& prompt : prompts) {
    const auto value = prompt.fields.find(field);
    if (value == prompt.fields.end()) {
      clusters.push_back(next++);
      continue;
    }
    const auto [known, added] = numbers.emplace(value->second, next);
    if (added) ++next;
    clusters.push_back(known->second);
  }
  return clusters;
}

GroupQualitySummary summarise(const GroupQualityReport& report,
                              const std::vector<std::string>& criteria,
                              const std::vector<std::size_t>& clusters, std::uint64_t seed) {
  GroupQualitySummary summary{.prompts = clusters.size(),
                              .without_variants = report.without_variants};
  for (std::size_t i = 0; i < criteria.size(); ++i) {
    summary.groupings.push_back(
        summarise_grouping(report.groupings[i], criteria[i], clusters, seed));
  }
  return summary;
}

std::string group_quality_text(const GroupQualitySummary& summary) {
  ReportTable table;
  table.add("prompts",
            count_text(summary.prompts) + (summary.without_variants == 0
                                               ? ""
                                               : ", " + count_text(summary.without_variants) +
                                                     " without another that differs in one field"));
  for (const GroupingSummary& grouping : summary.groupings) {
    table.add(grouping.criteria, fixed_text(grouping.groups, 1) + " groups of " +
                                     fixed_text(grouping.members, 1) + " of " +
                                     fixed_text(grouping.features, 1) + " features; some in " +
                                     count_text(grouping.prompts_with_groups) + " prompts");
    table.add("", "fields (adjusted Rand index): " + measure_text(grouping.rand_index));
    table.add("", "ablation agreement: " + measure_text(grouping.agreement));
  }
  return table.text();
}

std::string group_quality_json(const GroupQualitySummary& summary) {
  Json object;
  object["prompts"] = summary.prompts;
  object["without_variants"] = summary.without_variants;
  object["groupings"] = Json::array();
  for (const GroupingSummary& grouping : summary.groupings) {
    Json entry;
    entry["by"] = grouping.criteria;
    entry["prompts_with_groups"] = grouping.prompts_with_groups;
    entry["groups"] = grouping.groups;
    entry["members"] = grouping.members;
    entry["features"] = grouping.features;
    entry["rand_index"] = measure_json(grouping.rand_index);
    entry["agreement"] = measure_json(grouping.agreement);
    object["groupings"].push_back(std::move(entry));
  }
  return json_line(object);
}

}  // namespace circuit::cli
