#include "tracer/generate/generate.h"

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

// Against a forward of everything for each token.
TEST(Generate, TakesTheMostProbableTokenOfTheWholeText) {
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TinySetup setup(tiny, at::kDouble);
    const auto generated = generate(setup.model, kPrompt, {.max_tokens = 8}, {}, nullptr);
    std::vector<std::int32_t> text = kPrompt;
    for (const GeneratedToken& token : generated) {
      const at::Tensor logits = forward(setup.model, text).logits[0];
      EXPECT_EQ(token.id, logits.argmax().item<std::int64_t>());
      EXPECT_NEAR(token.probability, logits.softmax(0).max().item<double>(), 1e-5);
      text.push_back(token.id);
    }
    EXPECT_EQ(generated.size(), 8u);
  }
}

TEST(Generate, EndsAtAnEndTokenAtARefusalAndAtTheLastPosition) {
  const TinySetup setup(all_tiny_cases().front(), at::kDouble);
  const auto all = ids_of(generate(setup.model, kPrompt, {.max_tokens = 100}, {}, nullptr));
  EXPECT_EQ(all.size(), 62u);  // 64 positions; the last token needs none
  std::size_t third = 2;
  while (std::find(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(third), all[third]) !=
         all.begin() + static_cast<std::ptrdiff_t>(third)) {
    ++third;
  }
  const std::vector<std::int32_t> end = {all[third]};
  EXPECT_EQ(
      ids_of(generate(setup.model, kPrompt, {.max_tokens = 100, .end_ids = end}, {}, nullptr)),
      std::vector(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(third)));
  int calls = 0;
  const auto two = generate(setup.model, kPrompt, {.max_tokens = 100}, {}, nullptr,
                            [&](const GeneratedToken&) { return ++calls < 2; });
  EXPECT_EQ(ids_of(two), std::vector(all.begin(), all.begin() + 2));
}

}  // namespace
}  // namespace circuit::testing
