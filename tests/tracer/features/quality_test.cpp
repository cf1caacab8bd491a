#include "tracer/features/quality.h"

#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/throws.h"
#include "tests/support/tiny_sae.h"
#include "tests/support/tiny_setup.h"
#include "tracer/model/live_forward.h"

namespace circuit::testing {
namespace {

const std::vector<std::vector<std::int32_t>> kWindows = {
    {1, 5, 9, 30, 2, 11, 7}, {1, 44, 3, 8}, {1, 2, 2, 40, 41, 6}};
constexpr std::int64_t kZeroed = 1;

at::Tensor measured(const at::Tensor& x) { return x.narrow(0, kZeroed, x.size(0) - kZeroed); }

// The definitions on all positions at once.
void expect_layers_by_definition(const TinySetup& setup, const FeatureReader& reader,
                                 const Quality& quality) {
  ASSERT_EQ(quality.layers.size(), reader.layers().size());
  for (std::size_t i = 0; i < quality.layers.size(); ++i) {
    std::vector<at::Tensor> y, explained, fires;
    for (const auto& ids : kWindows) {
      const ForwardRecord record = forward(setup.model, ids);
      std::vector<at::Tensor> activations;
      for (std::size_t j = 0; j <= i; ++j) activations.push_back(reader.activations(record, j));
      y.push_back(measured(reader.target(record, i)));
      explained.push_back(measured(reader.reconstruction(record, activations, i)));
      fires.push_back(measured(activations[i]) != 0);
    }
    const at::Tensor all = at::cat(y), fired = at::cat(fires);
    const double variation = (all - all.mean(0)).square().sum().item<double>();
    const double fvu = (all - at::cat(explained)).square().sum().item<double>() / variation;
    EXPECT_NEAR(quality.layers[i].fvu, fvu, 1e-9 * fvu);
    EXPECT_NEAR(quality.layers[i].l0, fired.sum(1).to(at::kDouble).mean().item<double>(), 1e-12);
    EXPECT_EQ(quality.layers[i].dead, fired.any(0).logical_not().sum().item<std::int64_t>());
    EXPECT_EQ(quality.layers[i].dense,
              (fired.to(at::kDouble).mean(0) > 0.1).sum().item<std::int64_t>());
  }
}

TEST(Quality, IsItsDefinitionForEveryKindOfTranscoders) {
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TinySetup setup(tiny, at::kDouble);
    const auto reader = read_transcoder_features(setup.model, *setup.transcoders);
    const Quality quality = measure_quality(setup.model, *reader, kWindows, kZeroed);
    EXPECT_EQ(quality.positions, 14);
    EXPECT_EQ(quality.windows, 3);
    expect_layers_by_definition(setup, *reader, quality);
  }
}

// A reader that gives back what it is to reproduce: nothing may change.
class PerfectReader final : public FeatureReader {
 public:
  PerfectReader(const Model& model, const FeatureReader& other) : model_(model), other_(other) {
    layers_ = other.layers();
  }
  at::Tensor activations(const ForwardRecord& record, std::size_t i) const override {
    return other_.activations(record, i);
  }
  at::Tensor target(const ForwardRecord& record, std::size_t i) const override {
    return other_.target(record, i);
  }
  at::Tensor reconstruction(const ForwardRecord& record, std::span<const at::Tensor>,
                            std::size_t i) const override {
    return other_.target(record, i);
  }
  at::Tensor written(std::size_t i, const at::Tensor& features) const override {
    return other_.written(i, features);
  }
  std::unique_ptr<SiteVisitor> replacer(std::int64_t) const override {
    class Nothing final : public SiteVisitor {
      void visit(const SitePlace&, std::int64_t, at::Tensor&) override {}
    };
    return std::make_unique<Nothing>();
  }

 private:
  const Model& model_;
  const FeatureReader& other_;
};

TEST(Quality, IsPerfectForAPerfectReconstruction) {
  const TinySetup setup(all_tiny_cases().front(), at::kDouble);
  const auto reader = read_transcoder_features(setup.model, *setup.transcoders);
  const Quality quality =
      measure_quality(setup.model, PerfectReader(setup.model, *reader), kWindows, kZeroed);
  EXPECT_EQ(quality.layers[1].fvu, 0);
  EXPECT_NEAR(quality.replaced.kl, 0, 1e-12);
  EXPECT_EQ(quality.replaced.agreement, 1);
  EXPECT_NEAR(quality.replaced.cross_entropy_model, quality.replaced.cross_entropy_replaced, 1e-12);
  double sum = 0;
  std::int64_t count = 0;
  for (const auto& ids : kWindows) {
    const at::Tensor p = forward(setup.model, ids, LogitPositions::kAll).logits.log_softmax(1);
    for (std::size_t i = 1; i + 1 < ids.size(); ++i, ++count) {
      sum -= p[static_cast<std::int64_t>(i)][ids[i + 1]].item<double>();
    }
  }
  EXPECT_NEAR(quality.replaced.cross_entropy_model, sum / static_cast<double>(count), 1e-10);
}

// Every MLP replaced, computed from the replaced residual, position 0 exact: by hand, with a model
// whose MLPs were swapped.
TEST(Quality, ReplacesEveryMlpFromTheReplacedResidual) {
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TinySetup setup(tiny, at::kDouble);
    const auto reader = read_transcoder_features(setup.model, *setup.transcoders);
    const auto replacer = reader->replacer(kZeroed);
    LiveForward live(setup.model, 7);
    class Recorder final : public SiteVisitor {
     public:
      explicit Recorder(SiteVisitor& inner) : inner_(inner) {}
      void visit(const SitePlace& place, std::int64_t first, at::Tensor& x) override {
        const at::Tensor before = x;
        inner_.visit(place, first, x);
        if (place.site == ModelSite::kResidualMid) mids.push_back(x);
        if (!x.is_same(before)) replaced.push_back(x);
        if (!x.is_same(before)) live.push_back(before);
      }
      std::vector<at::Tensor> mids, replaced, live;

     private:
      SiteVisitor& inner_;
    } recorder(*replacer);
    live.append(kWindows[0], {.visitor = &recorder});
    ASSERT_EQ(recorder.replaced.size(), 3u);
    // The same reconstruction from a record that holds the replaced residual streams.
    ForwardRecord record = forward(setup.model, kWindows[0]);
    std::vector<at::Tensor> activations;
    for (std::size_t i = 0; i < 3; ++i) {
      BlockRecord& block = record.blocks[i];
      block.residual_mid = recorder.mids[i];
      block.mlp_inverse_scale =
          norm_forward(setup.model.blocks[i].mlp_norm, block.residual_mid).inverse_scale;
      activations.push_back(reader->activations(record, i));
      activations.back().narrow(0, 0, kZeroed).zero_();
      const at::Tensor expected = reader->reconstruction(record, activations, i);
      EXPECT_LT((measured(recorder.replaced[i]) - measured(expected)).abs().max().item<double>(),
                1e-10);
      EXPECT_TRUE(recorder.replaced[i][0].equal(recorder.live[i][0]));
    }
  }
}

TEST(Quality, MeasuresAnSaeAtItsHook) {
  for (const char* hook :
       {"resid_pre.0", "resid_pre.2", "resid_post.1", "mlp_out.1", "attn_out.2"}) {
    SCOPED_TRACE(hook);
    const TinySetup setup(all_tiny_cases().front(), at::kDouble);
    const TempDir directory;
    TinySaeSpec spec;
    spec.hook = hook;
    spec.d_model = 24;
    write_tiny_sae(directory.path(), spec);
    const auto sae = load_sae(directory.path(), {.dtype = at::kDouble});
    const auto reader = read_sae_features(setup.model, *sae);
    const Quality quality = measure_quality(setup.model, *reader, kWindows, kZeroed);
    ASSERT_EQ(quality.layers.size(), 1u);
    EXPECT_EQ(quality.layers[0].layer, sae->info().hook.layer);
    expect_layers_by_definition(setup, *reader, quality);
    EXPECT_GT(quality.replaced.kl, 0);
  }
}

TEST(Quality, RefusesASaeThatDoesNotFitAndATextWithoutPositions) {
  const TinySetup setup(all_tiny_cases().front(), at::kFloat);
  const TempDir directory;
  TinySaeSpec spec;
  spec.hook = "resid_post.7";
  spec.d_model = 24;
  write_tiny_sae(directory.path(), spec);
  const auto sae = load_sae(directory.path());
  EXPECT_EQ(message_of<std::runtime_error>([&] { read_sae_features(setup.model, *sae); }),
            "[load_sae] " + directory.path().string() + ": hook is resid_post.7, the model " +
                setup.model.name + " has layers 0 to 2");
  const auto reader = read_transcoder_features(setup.model, *setup.transcoders);
  const std::vector<std::vector<std::int32_t>> short_windows = {{1, 5}};
  EXPECT_EQ(message_of<std::invalid_argument>(
                [&] { measure_quality(setup.model, *reader, short_windows, 1); }),
            "[evaluate] the text has no position to measure, expected at least one text of 3 "
            "tokens");
}

}  // namespace
}  // namespace circuit::testing
