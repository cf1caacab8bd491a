// Interventions on the reference cases, beside what circuit-tracer's feature_intervention made of
// them (tests/golden/make_intervention_fixture.py).
#include <filesystem>
#include <string>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/golden_case.h"
#include "tests/support/tensor_file.h"
#include "tracer/intervention/changed_run.h"
#include "tracer/model/model.h"
#include "tracer/text/feature_edit.h"
#include "transcoders/transcoder_set.h"

namespace circuit::testing {
namespace {

struct Setting {
  const char* name;
  Freeze freeze;
  std::optional<LayerRange> constrained;
};

const Setting kSettings[] = {{"frozen", Freeze::kAttention, {}},
                             {"live", Freeze::kNone, {}},
                             {"all-held", Freeze::kAttention, LayerRange{0, 2}},
                             {"some-held", Freeze::kAttention, LayerRange{1, 2}}};

std::vector<PlacedEdit> edits_of(const NamedTensors& fixture) {
  std::vector<PlacedEdit> edits;
  const at::Tensor& places = fixture.at("places");
  for (std::int64_t i = 0; i < places.size(0); ++i) {
    const auto position = places[i][1].item<std::int64_t>();
    FeatureEdit edit{.layer = places[i][0].item<std::int64_t>(),
                     .feature = places[i][2].item<std::int64_t>(),
                     .positions = {},
                     .operation = FeatureEdit::Operation::kSet,
                     .value = fixture.at("values")[i].item<double>(),
                     .source = {},
                     .text = {}};
    edits.push_back({std::move(edit), {position, position + 1}});
  }
  return edits;
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

class PeerInterventions : public ::testing::TestWithParam<const char*> {};

TEST_P(PeerInterventions, AreEqual) {
  const std::filesystem::path folder = std::filesystem::path(CIRCUIT_GOLDEN_DIR) / GetParam();
  const GoldenCase golden = load_golden_case(CIRCUIT_GOLDEN_DIR, GetParam(), "full");
  const NamedTensors fixture = read_tensors(folder / "interventions.safetensors");
  const Model model = load_model(golden.model);
  const auto transcoders = load_transcoders(golden.transcoders);
  const CleanRun clean = run_clean(model, transcoders.get(), golden.input_ids, 1);
  const std::vector<PlacedEdit> edits = edits_of(fixture);
  ASSERT_EQ(edits.size(), 6u);
  for (const Setting& setting : kSettings) {
    SCOPED_TRACE(setting.name);
    const ChangedRun run = run_changed(clean, nullptr,
                                       {.edits = edits,
                                        .steering = {},
                                        .swaps = {},
                                        .freeze = setting.freeze,
                                        .constrained = setting.constrained},
                                       LogitPositions::kAll, /*with_pre_activations=*/true);
    const std::string name = setting.name;
    const at::Tensor& logits = fixture.at(name + ".logits");
    // The largest logits of these models are around 10: rounding of f32 through three layers.
    EXPECT_LT(largest_difference(run.logits, logits), 2e-4);
    EXPECT_GT(largest_difference(clean.record.logits, logits), 0.1);
    const at::Tensor& activations = fixture.at(name + ".activations");
    for (std::int64_t layer = 0; layer < 3; ++layer) {
      SCOPED_TRACE(layer);
      at::Tensor ours =
          transcoders->activate(layer, run.pre_activations[static_cast<std::size_t>(layer)]);
      ours = ours.clone();
      ours.select(0, 0).zero_();
      EXPECT_LT(largest_difference(ours, activations[layer]), 2e-4);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(OfGoldenCases, PeerInterventions,
                         ::testing::Values("llama-plt-relu", "llama-clt-relu", "llama-clt-jumprelu",
                                           "gpt2-plt-relu-resid", "qwen3-plt-topk-skip",
                                           "gemma2-plt-jumprelu", "gemma3-clt-jumprelu"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace circuit::testing
