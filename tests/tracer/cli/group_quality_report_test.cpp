#include "tracer/cli/group_quality_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace circuit::cli {
namespace {

using ::testing::ElementsAre;

std::vector<std::size_t> one_each(std::size_t n) {
  std::vector<std::size_t> clusters(n);
  for (std::size_t i = 0; i < n; ++i) clusters[i] = i;
  return clusters;
}

/// Prompts whose measure is `value` and whose random partitions all have `random`.
GroupQualityReport report_of(std::size_t prompts, double value, double random) {
  const PromptQuality prompt{.features = 9,
                             .groups = 2,
                             .members = 5,
                             .rand_index = value,
                             .random_indices = {random, random, random}};
  return {.groupings = {std::vector<PromptQuality>(prompts, prompt)}};
}

const MeasureSummary& index_of(const GroupQualitySummary& summary) {
  return summary.groupings.front().rand_index;
}

TEST(GroupQualityReport, ClaimsNothingOfFewClusters) {
  const auto verdict = [](std::size_t n, double value) {
    return index_of(summarise(report_of(n, value, 0.1), {"layer"}, one_each(n), 0)).verdict;
  };
  EXPECT_EQ(verdict(29, 0.9), "too few clusters");
  EXPECT_EQ(verdict(30, 0.9), "above random");
  EXPECT_EQ(verdict(30, 0.1), "not above random");
  EXPECT_EQ(verdict(30, -0.5), "not above random");
}

TEST(GroupQualityReport, LeavesOutPromptsWithoutAMeasure) {
  GroupQualityReport report = report_of(4, 0.5, 0.25);
  report.groupings[0][1].rand_index.reset();
  report.groupings[0][1].random_indices.clear();
  report.groupings[0][1].groups = 0;
  const GroupQualitySummary summary = summarise(report, {"layer"}, one_each(4), 0);
  EXPECT_EQ(index_of(summary).mean->values, 3u);
  EXPECT_EQ(index_of(summary).random_mean, 0.25);
  EXPECT_EQ(summary.groupings[0].prompts_with_groups, 3u);
  EXPECT_EQ(summary.groupings[0].groups, 1.5);
  EXPECT_EQ(summary.groupings[0].agreement.verdict, "nothing to measure");
}

TEST(GroupQualityReport, ClustersByAField) {
  const std::vector<FieldedPrompt> prompts = {
      {.id = "1", .prompt = {}, .fields = {{"concept", "a"}}},
      {.id = "2", .prompt = {}, .fields = {}},
      {.id = "3", .prompt = {}, .fields = {{"concept", "a"}}},
      {.id = "4", .prompt = {}, .fields = {{"concept", "b"}}}};
  EXPECT_THAT(clusters_of(prompts, "concept"), ElementsAre(0, 1, 0, 2));
}

}  // namespace
}  // namespace circuit::cli
