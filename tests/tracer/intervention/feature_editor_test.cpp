#include "tracer/intervention/feature_editor.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/throws.h"
#include "tests/support/tiny_sae.h"
#include "tests/support/tiny_setup.h"
#include "tracer/model/live_forward.h"
#include "tracer/replacement/run.h"

namespace circuit::testing {
namespace {

const std::vector<std::int32_t> kIds = {1, 5, 9, 30, 2, 11, 7};

PlacedEdit placed(const std::string& text) {
  const FeatureEdit edit = parse_feature_edit(text);
  return {edit, resolve(edit, static_cast<std::int64_t>(kIds.size()), {}, 1)};
}

at::Tensor logits_with(const Model& model, SiteVisitor* visitor) {
  LiveForward live(model, 7);
  return live.append(kIds, {.logits = LogitPositions::kAll, .visitor = visitor});
}

// Adds a vector at one place and position: the edit by hand.
class AddVector final : public SiteVisitor {
 public:
  struct At {
    SitePlace place;
    std::int64_t position;
    at::Tensor vector;
  };
  explicit AddVector(std::vector<At> all) : all_(std::move(all)) {}
  void visit(const SitePlace& place, std::int64_t, at::Tensor& x) override {
    for (const At& one : all_) {
      if (one.place != place) continue;
      x = x.clone();
      x[one.position] += one.vector;
    }
  }

 private:
  std::vector<At> all_;
};

TEST(FeatureEditor, AddsTheChangeTimesTheDecoderWhereverTheFeatureWrites) {
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TinySetup setup(tiny, at::kDouble);
    const ReplacementRun run = run_replacement(setup.model, *setup.transcoders, kIds);
    const auto first = static_cast<std::size_t>(run.features.layer_offsets[1]);
    const std::int64_t feature = run.features.features[first];
    const std::int64_t position = run.features.positions[first];
    const auto activation =
        run.features.activations[static_cast<std::int64_t>(first)].item<double>();
    const std::string node = "1_" + std::to_string(feature) + "_" + std::to_string(position);
    const bool raw = setup.transcoders->info().write_site == WriteSite::kMlpOutRaw;
    const at::Tensor rows = setup.transcoders->decoder_rows(1, at::tensor({feature}))[0];
    const auto by_hand = [&](double change) {
      std::vector<AddVector::At> all;
      for (std::int64_t step = 0; step < rows.size(0); ++step) {
        all.push_back({{raw ? ModelSite::kMlpOutRaw : ModelSite::kMlpOut, 1 + step},
                       position,
                       rows[step] * change});
      }
      AddVector visitor(all);
      return logits_with(setup.model, &visitor);
    };
    const auto edited = [&](const std::string& operation) {
      const auto editor =
          edit_transcoder_features(setup.model, *setup.transcoders, {placed(node + operation)});
      return logits_with(setup.model, editor.get());
    };
    const auto difference = [](const at::Tensor& a, const at::Tensor& b) {
      return (a - b).abs().max().item<double>();
    };
    EXPECT_LT(difference(edited("=0"), by_hand(-activation)), 1e-10);
    EXPECT_LT(difference(edited("=x3"), by_hand(2 * activation)), 1e-10);
    EXPECT_LT(difference(edited("+=2"), by_hand(2)), 1e-10);
    EXPECT_LT(difference(edited("=x1"), logits_with(setup.model, nullptr)), 1e-12);
    EXPECT_GT(difference(edited("=x3"), logits_with(setup.model, nullptr)), 1e-6);
  }
}

TEST(FeatureEditor, LetsTheLaterOfTwoEditsWin) {
  const TinySetup setup(all_tiny_cases().front(), at::kDouble);
  const auto both = edit_transcoder_features(setup.model, *setup.transcoders,
                                             {placed("1_4_*=7"), placed("1_4_3=2")});
  const auto apart =
      edit_transcoder_features(setup.model, *setup.transcoders,
                               {placed("1_4_1..2=7"), placed("1_4_3=2"), placed("1_4_4..=7")});
  EXPECT_LT((logits_with(setup.model, both.get()) - logits_with(setup.model, apart.get()))
                .abs()
                .max()
                .item<double>(),
            1e-12);
}

TEST(FeatureEditor, GoesOnWithOpenRangesTokenByToken) {
  const TinySetup setup(all_tiny_cases().front(), at::kDouble);
  const auto editor =
      edit_transcoder_features(setup.model, *setup.transcoders, {placed("0_4_2..=5")});
  const at::Tensor at_once = logits_with(setup.model, editor.get());
  LiveForward live(setup.model, 7);
  live.append(std::span(kIds).first(2), {.visitor = editor.get()});
  for (std::size_t i = 2; i < kIds.size(); ++i) {
    const at::Tensor logits = live.append(std::span(kIds).subspan(i, 1), {.visitor = editor.get()});
    EXPECT_LT((logits[0] - at_once[static_cast<std::int64_t>(i)]).abs().max().item<double>(),
              1e-10);
  }
}

TEST(FeatureEditor, KeepsWhatAnSaeDoesNotExplain) {
  for (const char* hook : {"resid_pre.1", "resid_post.1", "mlp_out.1", "attn_out.1"}) {
    SCOPED_TRACE(hook);
    const TinySetup setup(all_tiny_cases().front(), at::kDouble);
    const TempDir directory;
    TinySaeSpec spec;
    spec.hook = hook;
    spec.d_model = 24;
    write_tiny_sae(directory.path(), spec);
    const auto sae = load_sae(directory.path(), {.dtype = at::kDouble});
    const SitePlace place = place_of(sae->info().hook);
    const at::Tensor x = recorded_value(setup.model, forward(setup.model, kIds), place);
    const auto activation = sae->activations(x)[3][5].item<double>();
    AddVector by_hand(
        {{place, 3, (4.0 - activation) * sae->decoder_rows(at::tensor({std::int64_t{5}}))[0]}});
    const auto editor = edit_sae_features(*sae, {placed("1_5_3=4")});
    EXPECT_LT((logits_with(setup.model, editor.get()) - logits_with(setup.model, &by_hand))
                  .abs()
                  .max()
                  .item<double>(),
              1e-10);
  }
}

TEST(FeatureEditor, RefusesFeaturesThatAreNotThere) {
  const TinySetup setup(all_tiny_cases().front(), at::kFloat);
  const auto error = [&](const std::string& text) {
    return message_of<std::invalid_argument>(
        [&] { edit_transcoder_features(setup.model, *setup.transcoders, {placed(text)}); });
  };
  EXPECT_EQ(error("3_1_1=0"), "--set '3_1_1=0': there are layers 0 to 2");
  EXPECT_EQ(error("1_30_1=0"), "--set '1_30_1=0': there are features 0 to 29");
  const TempDir directory;
  write_tiny_sae(directory.path(), {.hook = "resid_post.2", .d_model = 24});
  const auto sae = load_sae(directory.path());
  EXPECT_EQ(
      message_of<std::invalid_argument>([&] { edit_sae_features(*sae, {placed("1_1_1=0")}); }),
      "--set '1_1_1=0': the SAE reads resid_post.2, expected layer 2");
}

}  // namespace
}  // namespace circuit::testing
