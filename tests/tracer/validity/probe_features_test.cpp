#include "tracer/validity/probe_features.h"

#include <cmath>
#include <numeric>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "graph/predicted_change.h"
#include "tests/tracer/validity/pair_setup.h"
#include "tracer/attribution/attribute.h"
#include "tracer/intervention/changed_run.h"

namespace circuit::testing {
namespace {

// The prompt traced with some tokens as targets.
AttributionGraph token_graph(const PairSetup& pair) {
  const OutputTargets outputs =
      choose_targets(pair.prompt, {.named = {"#4", "#9", "#30"}}, nullptr);
  Attribution result = attribute(pair.prompt, outputs, {.max_features = 0});
  result.nodes.tokens.assign(kPrompt.size(), "t");
  return AttributionGraph(std::move(result.nodes), std::move(result.edges),
                          std::move(result.row_dropped), std::move(result.totals));
}

// With all layers held everything is frozen, and moves as edges say.
TEST(ProbeFeatures, AgreesExactlyWhereAllLayersAreHeld) {
  for (const TinyCase& tiny : all_tiny_cases()) {
    if (tiny.name.find("variant") != std::string::npos) continue;
    SCOPED_TRACE(tiny.name);
    const PairSetup pair(tiny);
    const AttributionGraph graph = token_graph(pair);
    ASSERT_EQ(graph.n_layers(), 3u);
    const std::vector<std::size_t> nodes = {0, 1, 2};
    for (const FeatureProbe& probe : probe_features(pair.prompt, graph, nodes)) {
      ASSERT_EQ(graph.node(probe.node).layer, 0);
      ASSERT_EQ(probe.runs.size(), 4u);
      for (const ProbeRun& run : probe.runs) {
        ASSERT_EQ(run.by_depth.size(), 2u);
        EXPECT_GE(run.kl, -1e-12);
        if (!run.held) continue;
        for (const ChangeAgreement& one : run.by_depth) {
          EXPECT_LE(one.error, 1e-10 * one.measured + 1e-14);
        }
        // A soft cap is taken back from rounded logits.
        EXPECT_LE(run.outputs.error, 1e-10 * run.outputs.measured + 1e-14);
        EXPECT_GT(run.outputs.measured, 0);
      }
    }
  }
}

// Live, one feature by hand.
TEST(ProbeFeatures, MeasuresTheLiveModelBesideTheSumOverPaths) {
  const PairSetup pair(all_tiny_cases().front());
  const AttributionGraph graph = token_graph(pair);
  const std::size_t source = 3;
  const Node node = graph.node(source);
  const FeatureProbe probe = probe_features(pair.prompt, graph, std::vector{source})[0];
  const CleanRun clean = run_clean(pair.setup.model, pair.setup.transcoders.get(), kPrompt, 1);
  PlacedEdit edit;
  edit.edit.layer = node.layer;
  edit.edit.feature = node.feature;
  edit.edit.operation = FeatureEdit::Operation::kSet;
  edit.edit.value = 0;
  edit.range = {.begin = node.position, .end = node.position + 1};
  PlacedIntervention intervention;
  intervention.edits = {edit};
  const ChangedRun before = run_changed(clean, nullptr, {}, LogitPositions::kLast, true);
  const ChangedRun after = run_changed(clean, nullptr, intervention, LogitPositions::kLast, true);
  const std::vector<double> predicted = total_change(graph, source, -1);
  ChangeAgreement next;
  std::size_t later = 0;
  for (std::size_t i = 0; i < graph.n_features(); ++i) {
    const Node to = graph.node(i);
    if (to.layer <= node.layer || to.position < node.position) continue;
    ++later;
    if (to.layer != node.layer + 1) continue;
    const auto value = [&](const ChangedRun& run) {
      return run.pre_activations[static_cast<std::size_t>(to.layer)][to.position][to.feature]
          .item<double>();
    };
    next.add(value(after) - value(before), predicted[i]);
  }
  const ProbeRun& live = probe.runs[2];
  ASSERT_FALSE(live.held);
  ASSERT_FALSE(live.doubled);
  EXPECT_GT(next.measured, 0);
  EXPECT_NEAR(live.by_depth[0].error, next.error, 1e-9 * next.measured);
  EXPECT_NEAR(live.by_depth[0].product, next.product, 1e-9 * next.measured);
  EXPECT_EQ(live.effects.size(), later);
  EXPECT_TRUE(probe.runs[3].effects.empty());
  const at::Tensor p = before.logits[0].log_softmax(0), q = after.logits[0].log_softmax(0);
  EXPECT_NEAR(live.kl, (p.exp() * (p - q)).sum().item<double>(), 1e-10);
}

TEST(ProbeFeatures, ComparesNoOutputsWhereLayersBehindTheHeldOnesReact) {
  TinyCase deep = all_tiny_cases().front();
  deep.model.n_layers = deep.transcoders.n_layers = 6;
  const PairSetup pair(deep);
  const AttributionGraph graph = token_graph(pair);
  const FeatureProbe first = probe_features(pair.prompt, graph, std::vector<std::size_t>{0})[0];
  EXPECT_EQ(first.runs[0].by_depth.size(), 3u);
  EXPECT_EQ(first.runs[0].outputs.measured, 0);
  EXPECT_EQ(first.runs[2].by_depth.size(), 5u);
  EXPECT_GT(first.runs[2].outputs.measured, 0);
  const std::size_t last = graph.n_features() - 1;
  const FeatureProbe end = probe_features(pair.prompt, graph, std::vector{last})[0];
  EXPECT_TRUE(end.runs[0].by_depth.empty());
  EXPECT_GT(end.runs[0].outputs.measured, 0);
}

}  // namespace
}  // namespace circuit::testing
