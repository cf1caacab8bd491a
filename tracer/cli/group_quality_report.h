// What `group-quality` makes of the measures of single prompts: means with intervals, beside those
// of random partitions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/partition_quality.h"
#include "tracer/cli/group_quality_call.h"

namespace circuit::cli {

/// Fewer clusters than this allow no claim.
inline constexpr std::size_t kLeastClusters = 30;

struct MeasureSummary {
  std::optional<BootstrapMean> mean;  ///< over prompts where the measure exists
  double random_mean = 0;             ///< of random partitions, over the same prompts
  double random_high = 0;             ///< 97.5 % of the random partitions' means lie below
  /// "above random": the interval lies above `random_high`; "not above random"; "too few clusters".
  std::string verdict;
};

struct GroupingSummary {
  std::string criteria;
  std::size_t prompts_with_groups = 0;
  double groups = 0, members = 0, features = 0;  ///< means over all prompts
  MeasureSummary rand_index, agreement;
};

struct GroupQualitySummary {
  std::size_t prompts = 0;
  std::size_t without_variants = 0;
  std::vector<GroupingSummary> groupings;
};

/// A number for each prompt's value of `field`; prompts without it have one each.
std::vector<std::size_t> clusters_of(const std::vector<FieldedPrompt>& prompts,
                                     const std::string& field);

GroupQualitySummary summarise(const GroupQualityReport& report,
                              const std::vector<std::string>& criteria,
                              const std::vector<std::size_t>& clusters, std::uint64_t seed);

std::string group_quality_text(const GroupQualitySummary& summary);
std::string group_quality_json(const GroupQualitySummary& summary);

}  // namespace circuit::cli
