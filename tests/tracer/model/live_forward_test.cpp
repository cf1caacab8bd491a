#include "tracer/model/live_forward.h"

#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/throws.h"
#include "tests/support/tiny_setup.h"

namespace circuit::testing {
namespace {

const std::vector<std::int32_t> kIds = {1, 5, 9, 30, 2, 11, 7};

TEST(LiveForward, GivesTheSameLogitsInOneGoAndTokenByToken) {
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TinySetup setup(tiny, at::kDouble);
    const at::Tensor expected = forward(setup.model, kIds, LogitPositions::kAll).logits;
    LiveForward whole(setup.model, 7);
    const at::Tensor at_once = whole.append(kIds, {.logits = LogitPositions::kAll});
    EXPECT_LT((at_once - expected).abs().max().item<double>(), 1e-10);
    LiveForward stepwise(setup.model, 64);
    stepwise.append(std::span(kIds).first(3));
    for (std::size_t i = 3; i < kIds.size(); ++i) {
      const at::Tensor logits = stepwise.append(std::span(kIds).subspan(i, 1));
      EXPECT_LT((logits[0] - expected[static_cast<std::int64_t>(i)]).abs().max().item<double>(),
                1e-10);
    }
    EXPECT_EQ(stepwise.n_positions(), 7);
  }
}

// Adds to one site and takes the same off again where it has arrived in the residual stream.
class AddAndTakeOff : public SiteVisitor {
 public:
  AddAndTakeOff(ModelSite site, ModelSite back) : site_(site), back_(back) {}

  void visit(const SitePlace& place, std::int64_t first_position, at::Tensor& x) override {
    EXPECT_EQ(first_position, 0);
    if (place.layer != 1) return;
    if (place.site == site_) x = x + 1.0;
    if (place.site == back_) x = x - 1.0;
    passed.push_back(place.site);
  }

  std::vector<ModelSite> passed;

 private:
  ModelSite site_, back_;
};

TEST(LiveForward, LetsAVisitorChangeWhatPasses) {
  const TinySetup setup(all_tiny_cases().front(), at::kDouble);
  const at::Tensor expected = forward(setup.model, kIds).logits;
  const auto logits_with = [&](ModelSite site, ModelSite back) {
    AddAndTakeOff visitor(site, back);
    LiveForward live(setup.model, 7);
    const at::Tensor logits = live.append(kIds, {.visitor = &visitor});
    EXPECT_EQ(visitor.passed, (std::vector{ModelSite::kResidualPre, ModelSite::kAttentionOut,
                                           ModelSite::kResidualMid, ModelSite::kMlpOutRaw,
                                           ModelSite::kMlpOut, ModelSite::kResidualPost}));
    return (logits - expected).abs().max().item<double>();
  };
  EXPECT_LT(logits_with(ModelSite::kAttentionOut, ModelSite::kResidualMid), 1e-10);
  EXPECT_LT(logits_with(ModelSite::kMlpOut, ModelSite::kResidualPost), 1e-10);
  EXPECT_GT(logits_with(ModelSite::kMlpOut, ModelSite::kResidualMid), 1e-6);
}

TEST(LiveForward, TakesGivenPatternsForTheLiveOnes) {
  const TinySetup setup(all_tiny_cases().front(), at::kDouble);
  const std::vector<std::int32_t> other = {1, 6, 10, 31, 3, 12, 8};
  std::vector<at::Tensor> own, foreign;
  for (const BlockRecord& block : forward(setup.model, kIds).blocks) own.push_back(block.pattern);
  for (const BlockRecord& block : forward(setup.model, other).blocks) {
    foreign.push_back(block.pattern);
  }
  const at::Tensor expected = forward(setup.model, kIds).logits;
  LiveForward with_own(setup.model, 7), with_foreign(setup.model, 7);
  EXPECT_LT((with_own.append(kIds, {.patterns = own}) - expected).abs().max().item<double>(),
            1e-10);
  EXPECT_GT(
      (with_foreign.append(kIds, {.patterns = foreign}) - expected).abs().max().item<double>(),
      1e-6);
}

TEST(LiveForward, SaysWhenThereIsNoRoom) {
  const TinySetup setup(all_tiny_cases().front(), at::kFloat);
  EXPECT_EQ(message_of<std::invalid_argument>([&] { LiveForward(setup.model, 65); }),
            "[forward] 65 positions are asked for, the model takes 1 to 64");
  LiveForward live(setup.model, 7);
  live.append(kIds);
  EXPECT_EQ(message_of<std::invalid_argument>([&] { live.append(std::span(kIds).first(1)); }),
            "[forward] 8 tokens, there is room for 7");
}

}  // namespace
}  // namespace circuit::testing
