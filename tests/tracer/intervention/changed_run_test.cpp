#include "tracer/intervention/changed_run.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/tiny_setup.h"
#include "tracer/replacement/write_site.h"

namespace circuit::testing {
namespace {

const std::vector<std::int32_t> kIds = {1, 5, 9, 30, 2, 11, 7};
const std::vector<std::int32_t> kOthers = {1, 6, 3, 30, 12, 8, 4};
constexpr LayerRange kAllLayers = {0, 2};

double difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

std::vector<std::pair<std::int64_t, std::int64_t>> same_positions() {
  std::vector<std::pair<std::int64_t, std::int64_t>> map;
  for (std::int64_t p = 1; p < 7; ++p) map.emplace_back(p, p);
  return map;
}

PlacedEdit edit_of(std::int64_t layer, std::int64_t feature, std::int64_t position, double value) {
  FeatureEdit edit;
  edit.layer = layer;
  edit.feature = feature;
  edit.value = value;
  return {edit, {position, position + 1}};
}

// A setup with the clean runs of both prompts, in f64.
struct TwoPrompts {
  explicit TwoPrompts(const TinyCase& tiny)
      : setup(tiny, at::kDouble),
        clean(run_clean(setup.model, setup.transcoders.get(), kIds, 1)),
        other(run_clean(setup.model, setup.transcoders.get(), kOthers, 1)) {}

  at::Tensor changed(const PlacedIntervention& intervention) const {
    return run_changed(clean, nullptr, intervention, LogitPositions::kAll).logits;
  }
  PlacedSwap swap(SwapKind kind, LayerRange layers = kAllLayers) const {
    return {.kind = kind, .from = &other, .map = same_positions(), .layers = layers};
  }

  TinySetup setup;
  CleanRun clean, other;
};

TEST(ChangedRun, ChangesNothingWhateverIsFrozen) {
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TwoPrompts runs(tiny);
    for (const Freeze freeze : {Freeze::kAttention, Freeze::kAll, Freeze::kNone}) {
      EXPECT_LT(difference(runs.changed({.freeze = freeze}), runs.clean.record.logits), 1e-10);
    }
    EXPECT_LT(difference(runs.changed({.constrained = LayerRange{1, 2}}), runs.clean.record.logits),
              1e-10);
  }
}

TEST(ChangedRun, BecomesTheOtherPromptWhenEverythingIsTakenOver) {
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TwoPrompts runs(tiny);
    const at::Tensor embeddings =
        runs.changed({.swaps = {runs.swap(SwapKind::kEmbedding)}, .freeze = Freeze::kNone});
    EXPECT_LT(difference(embeddings, runs.other.record.logits), 1e-10);
    const at::Tensor with_outputs =
        runs.changed({.swaps = {runs.swap(SwapKind::kEmbedding), runs.swap(SwapKind::kMlpOutputs)},
                      .freeze = Freeze::kNone});
    EXPECT_LT(difference(with_outputs, runs.other.record.logits), 1e-10);
    const at::Tensor outputs = runs.changed({.swaps = {runs.swap(SwapKind::kMlpOutputs)}});
    EXPECT_GT(difference(outputs, runs.clean.record.logits), 1e-3);
    EXPECT_GT(difference(outputs, runs.other.record.logits), 1e-3);
  }
}

// In one layer, taking over activations is the same as giving each feature its value there.
TEST(ChangedRun, TakesOverFeaturesAsEditsWould) {
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TwoPrompts runs(tiny);
    std::vector<PlacedEdit> edits;
    const at::Tensor& wanted = runs.other.activations[1];
    for (std::int64_t p = 1; p < wanted.size(0); ++p) {
      for (std::int64_t f = 0; f < wanted.size(1); ++f) {
        edits.push_back(edit_of(1, f, p, wanted[p][f].item<double>()));
      }
    }
    const at::Tensor swapped = runs.changed({.swaps = {runs.swap(SwapKind::kFeatures, {1, 1})}});
    EXPECT_LT(difference(swapped, runs.changed({.edits = edits})), 1e-10);
    EXPECT_GT(difference(swapped, runs.clean.record.logits), 1e-3);
  }
}

TEST(ChangedRun, LetsEditsWinOverSwaps) {
  const TwoPrompts runs(all_tiny_cases().front());
  const auto with = [&](double value) {
    return runs.changed(
        {.edits = {edit_of(1, 4, 3, value)}, .swaps = {runs.swap(SwapKind::kFeatures, {1, 1})}});
  };
  const double taken = runs.other.activations[1][3][4].item<double>();
  EXPECT_LT(
      difference(with(taken), runs.changed({.swaps = {runs.swap(SwapKind::kFeatures, {1, 1})}})),
      1e-12);
  EXPECT_GT(difference(with(taken + 3), with(taken)), 1e-3);
}

// With all outputs, patterns and scales held, what a feature writes reaches the final norm's input
// unchanged by any block, so that twice the change is twice the effect on uncapped logits.
TEST(ChangedRun, IsLinearWhereEverythingIsHeld) {
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TwoPrompts runs(tiny);
    const bool capped = runs.setup.model.config.final_softcap != 0;
    const auto effect = [&](double amount, std::optional<LayerRange> constrained) {
      const double before = runs.clean.activations[1][3][4].item<double>();
      at::Tensor logits =
          runs.changed({.edits = {edit_of(1, 4, 3, before + amount)}, .constrained = constrained});
      at::Tensor base = runs.clean.record.logits;
      if (capped) {
        const double cap = runs.setup.model.config.final_softcap;
        logits = cap * (logits / cap).atanh();
        base = cap * (base / cap).atanh();
      }
      return logits - base;
    };
    const at::Tensor once = effect(1, kAllLayers), twice = effect(2, kAllLayers);
    EXPECT_GT(once.abs().max().item<double>(), 1e-3);
    EXPECT_LT(difference(2 * once, twice), 1e-9 * (1 + twice.abs().max().item<double>()));
    EXPECT_GT(difference(2 * effect(1, {}), effect(2, {})), 1e-6);
  }
}

// What features write outside the held layers is left out, so that a per-layer feature below them
// does nothing.
TEST(ChangedRun, LeavesOutWhatIsWrittenElsewhere) {
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TwoPrompts runs(tiny);
    const at::Tensor logits =
        runs.changed({.edits = {edit_of(0, 4, 3, 5)}, .constrained = LayerRange{1, 2}});
    const double change = difference(logits, runs.clean.record.logits);
    if (runs.setup.transcoders->info().cross_layer) {
      EXPECT_GT(change, 1e-4);
    } else {
      EXPECT_LT(change, 1e-10);
    }
  }
}

TEST(ChangedRun, AddsVectorsBehindTheirLayer) {
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TwoPrompts runs(tiny);
    const at::Tensor vector = at::linspace(-1, 1, 24, at::kDouble);
    // Behind the last layer the logits are those of a residual stream that was changed by hand.
    at::Tensor residual = runs.clean.record.residual_final.clone();
    residual.narrow(0, 3, 2) += vector;
    const at::Tensor expected =
        read_logits(runs.setup.model, residual, LogitPositions::kAll).capped;
    const auto steered = [&](std::int64_t layer, EditRange range) {
      return runs.changed({.steering = {{.layer = layer, .range = range, .vector = vector}}});
    };
    EXPECT_LT(difference(steered(2, {3, 5}), expected), 1e-10);
    const at::Tensor earlier = steered(0, {3, 5});
    EXPECT_LT(difference(earlier.narrow(0, 0, 3), runs.clean.record.logits.narrow(0, 0, 3)), 1e-10);
    EXPECT_GT(difference(earlier.narrow(0, 5, 2), runs.clean.record.logits.narrow(0, 5, 2)), 1e-6);
  }
}

TEST(ChangedRun, RunsWithoutFeatures) {
  const TinySetup setup(all_tiny_cases().front(), at::kDouble);
  const CleanRun clean = run_clean(setup.model, nullptr, kIds, 1);
  const at::Tensor vector = at::ones({24}, at::kDouble);
  const PlacedIntervention steering{.steering = {{.layer = 1, .range = {2, 9}, .vector = vector}}};
  PlacedIntervention held = steering;
  held.constrained = LayerRange{2, 2};
  const at::Tensor live = run_changed(clean, nullptr, steering).logits;
  EXPECT_GT(difference(live, run_changed(clean, nullptr, held).logits), 1e-6);
  EXPECT_GT(difference(live, clean.record.logits.narrow(0, 6, 1)), 1e-6);
}

}  // namespace
}  // namespace circuit::testing
