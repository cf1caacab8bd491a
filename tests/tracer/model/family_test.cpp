// Families and options that no attribution case covers, against transformers
// (tests/golden/README.md, families).
#include <algorithm>
#include <filesystem>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "tests/support/tensor_file.h"
#include "tracer/model/model.h"

namespace circuit::testing {
namespace {

class Family : public ::testing::TestWithParam<const char*> {};

TEST_P(Family, HasTheLogitsOfTransformers) {
  const c10::InferenceMode inference;
  const std::filesystem::path folder =
      std::filesystem::path(CIRCUIT_GOLDEN_DIR) / "families" / GetParam();
  const NamedTensors expected = read_tensors(folder / "case.safetensors");
  const at::Tensor ids = expected.at("input_ids").contiguous();
  const Model model = load_model(folder);
  const ForwardRecord record =
      forward(model, {ids.data_ptr<std::int32_t>(), static_cast<std::size_t>(ids.numel())},
              LogitPositions::kAll);
  EXPECT_LT((record.logits - expected.at("logits")).abs().max().item<double>(), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Transformers, Family,
                         ::testing::Values("llama2", "mistral", "mistral-no-window", "qwen2",
                                           "qwen2-window", "qwen3-biases", "gemma2-untied",
                                           "gemma3", "gemma3-with-vision"),
                         [](const auto& tested) {
                           std::string name = tested.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace circuit::testing
