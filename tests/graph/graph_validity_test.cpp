#include "graph/graph_validity.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace circuit {
namespace {

ChangeAgreement change(double measured, double predicted) {
  ChangeAgreement agreement;
  agreement.add(measured, predicted);
  return agreement;
}

TEST(GraphValidity, MeasuresDirectionAndSizeOfChanges) {
  ChangeAgreement exact, half, turned;
  for (const double x : {1.0, -2.0, 3.0}) {
    exact.add(x, x);
    half.add(x, x / 2);
    turned.add(x, -x);
  }
  FeatureProbe probe{.runs = {{.by_depth = {exact, half, turned}}}};
  const GraphValidity validity = summarise_probes(std::vector{probe}, 9);
  EXPECT_EQ(validity.features, 1u);
  EXPECT_EQ(validity.feature_nodes, 9u);
  const std::vector<DepthAgreement>& depths = validity.runs[0].by_depth;
  EXPECT_DOUBLE_EQ(depths[0].cosine, 1);
  EXPECT_DOUBLE_EQ(depths[0].error, 0);
  EXPECT_DOUBLE_EQ(depths[1].cosine, 1);
  EXPECT_DOUBLE_EQ(depths[1].error, 0.25);
  EXPECT_DOUBLE_EQ(depths[2].cosine, -1);
  EXPECT_DOUBLE_EQ(depths[2].error, 4);
  EXPECT_EQ(validity.runs[0].outputs.features, 0u);  // nothing was compared
}

TEST(GraphValidity, AddsUpOverFeatures) {
  const auto probe_with = [](ChangeAgreement agreement) {
    return FeatureProbe{.runs = {{.by_depth = {agreement}}}};
  };
  const std::vector probes = {probe_with(change(1, 1)), probe_with(change(3, 0)),
                              probe_with(change(2, 1)), probe_with(change(0, 1))};
  const DepthAgreement depth = summarise_probes(probes, 4).runs[0].by_depth[0];
  EXPECT_EQ(depth.features, 3u);  // the last one did not move
  EXPECT_DOUBLE_EQ(depth.cosine, 2.0 / 3);
  EXPECT_DOUBLE_EQ(depth.error, (0 + 9 + 1) / 14.0);
  EXPECT_DOUBLE_EQ(depth.median_error, 0.25);
}

TEST(GraphValidity, RanksByTheEffectOfAblation) {
  std::vector<FeatureProbe> probes;
  for (int i = 0; i < 5; ++i) {
    const double x = i;
    probes.push_back({.influence = x,
                      .direct_edge = -x,
                      .activation = 1,
                      .runs = {{.held = true, .kl = x * x, .influences = {x}, .effects = {-x}},
                               {.held = true, .doubled = true, .kl = -x}}});
  }
  const GraphValidity validity = summarise_probes(probes, 5);
  ASSERT_EQ(validity.effects.size(), 1u);
  EXPECT_DOUBLE_EQ(*validity.effects[0].influence, 1);
  EXPECT_DOUBLE_EQ(*validity.effects[0].direct_edge, -1);
  EXPECT_FALSE(validity.effects[0].activation.has_value());
  EXPECT_DOUBLE_EQ(*validity.effects[0].between_features, -1);
  EXPECT_EQ(validity.effects[0].pairs, 5u);
}

TEST(GraphValidity, DrawsAsManyOfEachTenthByInfluence) {
  std::vector<double> influence(1000);
  for (std::size_t i = 0; i < influence.size(); ++i) {
    influence[i] = static_cast<double>((i * 37) % 1000);
  }
  const std::vector<std::size_t> drawn = draw_by_influence(influence, 200, 0);
  ASSERT_EQ(drawn.size(), 200u);
  EXPECT_TRUE(std::ranges::is_sorted(drawn));
  std::vector<int> tenths(10);
  for (const std::size_t i : drawn) ++tenths[static_cast<std::size_t>(influence[i]) / 100];
  for (const int count : tenths) EXPECT_EQ(count, 20);
  EXPECT_EQ(drawn, draw_by_influence(influence, 200, 0));
  EXPECT_NE(drawn, draw_by_influence(influence, 200, 1));
  EXPECT_EQ(draw_by_influence(std::vector<double>{3, 1}, 200, 0), (std::vector<std::size_t>{0, 1}));
}

TEST(GraphValidity, OfNothingIsNothing) {
  EXPECT_EQ(summarise_probes({}, 3).features, 0u);
  EXPECT_TRUE(summarise_probes({}, 3).runs.empty());
}

}  // namespace
}  // namespace circuit
