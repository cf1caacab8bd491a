#include "tracer/study/matched_changes.h"

#include <cmath>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit {
namespace {

using ::circuit::testing::message_of;
using ::testing::HasSubstr;

std::vector<FiringFeature> firing() {
  std::vector<FiringFeature> all;
  for (std::int64_t layer = 0; layer < 2; ++layer) {
    for (std::int64_t position = 1; position < 3; ++position) {
      for (std::int64_t feature = 0; feature < 6; ++feature) {
        all.push_back({layer, position, feature, 1.0f + static_cast<float>(feature)});
      }
    }
  }
  return all;
}

// Features write along axes of different lengths.
double norm(const std::vector<StudyChange>& changes) {
  double sum = 0;
  for (const StudyChange& one : changes) {
    const double written = one.amount * static_cast<double>(1 + one.feature);
    sum += written * written;
  }
  return std::sqrt(sum);
}

TEST(MatchedChanges, CountFromTheUnchangedActivation) {
  const auto changes = changes_of({parse_feature_edit("0_2_1=0"), parse_feature_edit("0_3_*=x2"),
                                   parse_feature_edit("1_9_-1+=4"), parse_feature_edit("0_2_1=7")},
                                  firing(), 3, 1);
  ASSERT_EQ(changes.size(), 4u);
  EXPECT_EQ(changes[0].amount, 4);  // 7 - 3: the later counts
  EXPECT_EQ(changes[1].amount, 4);  // feature 3 at 1, twice 4
  EXPECT_EQ(changes[2].position, 2);
  EXPECT_EQ(changes[3].amount, 4);  // of a feature that does not fire
  EXPECT_EQ(changes[3].position, 2);
}

TEST(MatchedChanges, RefuseValuesThatStandElsewhere) {
  EXPECT_THAT(message_of<std::invalid_argument>(
                  [] { changes_of({parse_feature_edit("0_2_1=mean:a.jsonl")}, firing(), 3, 1); }),
              HasSubstr("how much it changes is not known"));
}

TEST(MatchedChanges, RandomOnesHaveAsManyFeaturesAndTheSameNorm) {
  const auto changes = changes_of({parse_feature_edit("0_1_1=0"), parse_feature_edit("0_2_1=0"),
                                   parse_feature_edit("1_4_2=x3")},
                                  firing(), 3, 1);
  std::set<std::vector<std::int64_t>> sets;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto random = random_changes(changes, firing(), norm, seed);
    ASSERT_TRUE(random);
    std::map<std::pair<std::int64_t, std::int64_t>, int> counts;
    std::vector<std::int64_t> features;
    for (const StudyChange& one : *random) {
      ++counts[{one.layer, one.position}];
      features.push_back(one.feature);
      for (const StudyChange& own : changes) {
        EXPECT_FALSE(own.layer == one.layer && own.position == one.position &&
                     own.feature == one.feature);
      }
    }
    EXPECT_EQ((counts[{0, 1}]), 2);
    EXPECT_EQ((counts[{1, 2}]), 1);
    EXPECT_NEAR(norm(*random), norm(changes), 1e-9);
    sets.insert(features);
  }
  EXPECT_GT(sets.size(), 10u);
}

TEST(MatchedChanges, TakeWhatThereIsAndNothingWhereThereIsNone) {
  std::vector<FiringFeature> few = {{0, 1, 0, 1.0f}, {0, 1, 5, 1.0f}};
  const auto both =
      changes_of({parse_feature_edit("0_0_1=0"), parse_feature_edit("0_9_1=3")}, few, 2, 1);
  const auto random = random_changes(both, few, norm, 0);
  ASSERT_TRUE(random);
  ASSERT_EQ(random->size(), 1u);
  EXPECT_EQ(random->front().feature, 5);
  const auto all =
      changes_of({parse_feature_edit("0_0_1=0"), parse_feature_edit("0_5_1=0")}, few, 2, 1);
  EXPECT_FALSE(random_changes(all, few, norm, 0));
}

}  // namespace
}  // namespace circuit
