#include "graph/faithfulness.h"

#include <cmath>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit {
namespace {

// m(N) = model, m(∅) = nothing, and circuits whose f are `f` each.
PairMeasures pair_with(double model, double nothing, double f) {
  const double m = nothing + f * (model - nothing);
  CircuitMeasures measures{.model = model, .nothing = nothing, .tokens = nothing, .pruned = model};
  measures.pruned_rest = m;
  CircuitCurve curve;
  curve.circuit.fill(m);
  curve.rest.fill(model);
  measures.curves = {curve};
  return {.id = "a", .n_features = 100, .measures = {measures}};
}

TEST(Faithfulness, IsZeroOfNothingAndOneOfTheModel) {
  const auto summary =
      summarise_faithfulness(std::vector{pair_with(5, -3, 0.25)}, std::vector<std::string>{"one"});
  ASSERT_EQ(summary.size(), 1u);
  EXPECT_DOUBLE_EQ(summary[0].tokens.value, 0);
  EXPECT_DOUBLE_EQ(summary[0].pruned.value, 1);
  EXPECT_DOUBLE_EQ(summary[0].pruned_rest.value, 0.25);
  EXPECT_DOUBLE_EQ(summary[0].curves[0].circuit[9].value, 0.25);
  EXPECT_DOUBLE_EQ(summary[0].curves[0].rest[0].value, 1);
  EXPECT_NEAR(summary[0].curves[0].cpr.value, 0.25 * 0.999, 1e-12);
  EXPECT_NEAR(summary[0].curves[0].cmd.value, 0.75 * 0.999, 1e-12);
  // One cluster resampled is the same again.
  EXPECT_DOUBLE_EQ(summary[0].curves[0].cpr.low, summary[0].curves[0].cpr.high);
}

TEST(Faithfulness, DividesSumsOverPairs) {
  const std::vector pairs = {pair_with(1, 0, 1.0), pair_with(3, 0, 0.0)};
  const auto summary = summarise_faithfulness(pairs, std::vector<std::string>{"one", "other"});
  EXPECT_DOUBLE_EQ(summary[0].curves[0].circuit[0].value, 0.25);  // (1 + 0) / (1 + 3)
  EXPECT_DOUBLE_EQ(summary[0].curves[0].circuit[0].low, 0);
  EXPECT_DOUBLE_EQ(summary[0].curves[0].circuit[0].high, 1);
  EXPECT_DOUBLE_EQ(summary[0].model, 2);
  const auto together = summarise_faithfulness(pairs, std::vector<std::string>{"one", "one"});
  EXPECT_DOUBLE_EQ(together[0].curves[0].circuit[0].low, 0.25);
}

TEST(Faithfulness, AreasAreTrapezoidsOverTheShares) {
  std::array<double, kCircuitShares.size()> f = {};
  f[9] = 2;  // rises from 0 at a half to 2 at all
  EXPECT_NEAR(area_under(f), 0.5, 1e-12);
  EXPECT_NEAR(area_from_one(f), (0.5 - 0.001) + 0.5 * (1 + 1) / 2, 1e-12);
  for (std::size_t i = 0; i < f.size(); ++i) f[i] = kCircuitShares[i];
  EXPECT_NEAR(area_under(f), (1 - 1e-6) / 2, 1e-12);
}

TEST(Faithfulness, CircuitsHoldAtLeastOneFeature) {
  EXPECT_EQ(circuit_size(0.001, 312), 1u);
  EXPECT_EQ(circuit_size(0.01, 250), 3u);
  EXPECT_EQ(circuit_size(1.0, 312), 312u);
  EXPECT_EQ(circuit_size(0.5, 0), 0u);
}

TEST(Faithfulness, IsNoNumberWhereTheModelPrefersNothing) {
  const auto summary =
      summarise_faithfulness(std::vector{pair_with(1, 1, 0.5)}, std::vector<std::string>{"one"});
  EXPECT_FALSE(std::isfinite(summary[0].curves[0].cpr.value));
}

TEST(Faithfulness, RefusesPairsThatWereMeasuredInOtherWays) {
  std::vector pairs = {pair_with(1, 0, 1.0), pair_with(3, 0, 0.0)};
  pairs[1].measures[0].live = true;
  const std::vector<std::string> clusters = {"one", "other"};
  const auto message = [&](std::span<const PairMeasures> some) {
    return testing::message_of<std::invalid_argument>(
        [&] { summarise_faithfulness(some, clusters); });
  };
  EXPECT_THAT(message(pairs), ::testing::HasSubstr("other measures than the first"));
  EXPECT_THAT(message({}), ::testing::HasSubstr("no pairs"));
  EXPECT_THAT(message(std::span(pairs).first(1)), ::testing::HasSubstr("2 clusters"));
}

}  // namespace
}  // namespace circuit
