// Writing with kept keys and values against a forward of the whole text for each token.
#include <filesystem>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"
#include "tracer/generate/generate.h"

namespace circuit::testing {
namespace {

// Beyond every window of these models.
constexpr std::int64_t kTokens = 24;
const std::vector<std::int32_t> kPrompt = {1, 5, 9, 30};

const std::vector<SamplingOptions> kWays = {
    {},
    {.temperature = 1, .seed = 3},
    {.temperature = 1.5, .top_p = 0.8, .seed = 4},
};

std::vector<std::int32_t> with_cache(const Model& model, const SamplingOptions& sampling) {
  const GenerationPrompt prompt{.ids = kPrompt};
  const GenerationStream stream{.sampling = sampling};
  std::vector<std::int32_t> ids;
  const auto texts = generate(model, {&prompt, 1}, {&stream, 1}, {.max_tokens = kTokens});
  for (const GeneratedToken& token : texts.front()) {
    ids.push_back(token.id);
  }
  return ids;
}

std::vector<std::int32_t> without_cache(const Model& model, const SamplingOptions& sampling) {
  Sampler sampler(sampling);
  std::vector<std::int32_t> text = kPrompt;
  for (std::int64_t i = 0; i < kTokens; ++i) {
    const at::Tensor logits = forward(model, text).logits[0].to(at::kFloat).contiguous();
    text.push_back(
        sampler.choose({logits.data_ptr<float>(), static_cast<std::size_t>(logits.numel())}));
  }
  return {text.begin() + static_cast<std::ptrdiff_t>(kPrompt.size()), text.end()};
}

void expect_equal_texts(const Model& model) {
  for (const SamplingOptions& sampling : kWays) {
    SCOPED_TRACE("temperature " + std::to_string(sampling.temperature));
    EXPECT_EQ(with_cache(model, sampling), without_cache(model, sampling));
  }
}

TEST(Cache, ChangesNoTokenOfAnyFamily) {
  const c10::InferenceMode inference;
  for (const NamedModelSpec& tiny : all_tiny_models()) {
    SCOPED_TRACE(tiny.name);
    const TempDir folder;
    write_tiny_model(folder / "model", tiny.spec);
    expect_equal_texts(load_model(folder / "model", at::kDouble));
  }
}

TEST(Cache, ChangesNoTokenOfTheReferenceModels) {
  const c10::InferenceMode inference;
  for (const char* const kind : {"models", "families"}) {
    const auto models = std::filesystem::path(CIRCUIT_GOLDEN_DIR) / kind;
    int tried = 0;
    for (const auto& entry : std::filesystem::directory_iterator(models)) {
      SCOPED_TRACE(entry.path().string());
      expect_equal_texts(load_model(entry.path()));
      ++tried;
    }
    EXPECT_GE(tried, 5);
  }
}

}  // namespace
}  // namespace circuit::testing
