#include "tracer/model/model.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/autograd_reference.h"
#include "tests/support/throws.h"
#include "tests/support/tiny_setup.h"

namespace circuit::testing {
namespace {

const std::vector<std::int32_t> kIds = {1, 5, 9, 30, 2};

TEST(Model, GivesTheReferencesLogitsForEveryFamily) {
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TinySetup setup(tiny, at::kDouble);
    const ForwardRecord record = forward(setup.model, kIds, LogitPositions::kAll);
    const AutogradReference reference =
        autograd_reference(setup.model, *setup.transcoders, kIds, 1, {});
    EXPECT_LT((record.logits - reference.logits).abs().max().item<double>(), 1e-10);
  }
}

TEST(Model, GivesTheLastPositionsLogitsAlone) {
  const TinySetup setup(all_tiny_cases().front(), at::kDouble);
  const at::Tensor all = forward(setup.model, kIds, LogitPositions::kAll).logits;
  const at::Tensor last = forward(setup.model, kIds).logits;
  ASSERT_EQ(last.size(0), 1);
  EXPECT_LT((all[4] - last[0]).abs().max().item<double>(), 1e-12);
}

TEST(Model, DoesNotLookAhead) {
  const TinySetup setup(all_tiny_cases().front(), at::kDouble);
  const std::vector<std::int32_t> shorter(kIds.begin(), kIds.begin() + 3);
  const at::Tensor all = forward(setup.model, kIds, LogitPositions::kAll).logits;
  const at::Tensor some = forward(setup.model, shorter, LogitPositions::kAll).logits;
  EXPECT_LT((all.narrow(0, 0, 3) - some).abs().max().item<double>(), 1e-12);
}

TEST(Model, RefusesPromptsThatItCannotRun) {
  const TinySetup setup(all_tiny_cases().front(), at::kFloat);
  const auto error = [&](const std::vector<std::int32_t>& ids) {
    return message_of<std::invalid_argument>([&] { forward(setup.model, ids); });
  };
  EXPECT_EQ(error({}), "[forward] the prompt has no tokens");
  EXPECT_EQ(error({1, 50}), "[forward] token id 50 at position 1, expected 0 to 49");
  EXPECT_EQ(error({-1}), "[forward] token id -1 at position 0, expected 0 to 49");
  EXPECT_EQ(error(std::vector<std::int32_t>(65, 1)),
            "[forward] the prompt has 65 tokens, the model takes at most 64");
}

}  // namespace
}  // namespace circuit::testing
