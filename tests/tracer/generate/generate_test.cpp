#include "tracer/generate/generate.h"

#include <algorithm>
#include <cstddef>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/tiny_setup.h"

namespace circuit::testing {
namespace {

const std::vector<std::int32_t> kPrompt = {1, 5, 9};

std::vector<std::int32_t> ids_of(const std::vector<GeneratedToken>& tokens) {
  std::vector<std::int32_t> ids;
  for (const GeneratedToken& token : tokens) ids.push_back(token.id);
  return ids;
}

// Greedily, alone.
std::vector<GeneratedToken> go_on(const Model& model, const GenerationLimits& limits,
                                  std::function<bool(const GeneratedToken&)> accept = {}) {
  const GenerationPrompt prompt{.ids = kPrompt};
  const GenerationStream stream{.accept = std::move(accept)};
  return generate(model, {&prompt, 1}, {&stream, 1}, limits).front();
}

TEST(Generate, SaysHowProbableEachTokenWas) {
  const TinySetup setup(all_tiny_cases().front(), at::kDouble);
  std::vector<std::int32_t> text = kPrompt;
  for (const GeneratedToken& token : go_on(setup.model, {.max_tokens = 8})) {
    const at::Tensor probabilities = forward(setup.model, text).logits[0].softmax(0);
    EXPECT_NEAR(token.probability, probabilities[token.id].item<double>(), 1e-5);
    text.push_back(token.id);
  }
  EXPECT_EQ(text.size(), kPrompt.size() + 8);
}

TEST(Generate, EndsAtAnEndTokenAtARefusalAndAtTheLastPosition) {
  const TinySetup setup(all_tiny_cases().front(), at::kDouble);
  const auto all = ids_of(go_on(setup.model, {.max_tokens = 100}));
  EXPECT_EQ(all.size(), 62u);  // 64 positions; the last token needs none
  std::size_t third = 2;
  while (std::find(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(third), all[third]) !=
         all.begin() + static_cast<std::ptrdiff_t>(third)) {
    ++third;
  }
  const std::vector<std::int32_t> end = {all[third]};
  EXPECT_EQ(ids_of(go_on(setup.model, {.max_tokens = 100, .end_ids = end})),
            std::vector(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(third)));
  int calls = 0;
  const auto two =
      go_on(setup.model, {.max_tokens = 100}, [&](const GeneratedToken&) { return ++calls < 2; });
  EXPECT_EQ(ids_of(two), std::vector(all.begin(), all.begin() + 2));
}

TEST(Generate, WritesNothingWhereNothingMayBeWritten) {
  const TinySetup setup(all_tiny_cases().front(), at::kDouble);
  EXPECT_TRUE(go_on(setup.model, {.max_tokens = 0}).empty());
}

}  // namespace
}  // namespace circuit::testing
