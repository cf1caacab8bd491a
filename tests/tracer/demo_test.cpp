// The bundled model against Hugging Face on every line of its prompts (tests/golden/README.md).
#include <algorithm>
#include <fstream>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tracer/machine/threads.h"
#include "tracer/model/model.h"
#include "tracer/text/tokenizer.h"
#include "transcoders/tensor_view.h"

namespace circuit::testing {
namespace {

const std::filesystem::path kDemo = CIRCUIT_DEMO_DIR;

std::vector<std::string> prompts() {
  std::vector<std::string> prompts;
  std::ifstream file(kDemo / "prompts.jsonl");
  for (std::string line; std::getline(file, line);) {
    prompts.push_back(nlohmann::json::parse(line).at("prompt"));
  }
  return prompts;
}

class Demo : public ::testing::Test {
 protected:
  std::vector<std::int32_t> expected_ids(std::size_t line) const {
    const auto* offsets = map_tensor(fixture_, "offsets").data_ptr<std::int64_t>();
    const auto* ids = map_tensor(fixture_, "ids").data_ptr<std::int32_t>();
    return {ids + offsets[line], ids + offsets[line + 1]};
  }

  SafetensorsFile fixture_ =
      SafetensorsFile::open(std::filesystem::path(CIRCUIT_GOLDEN_DIR) / "demo/fixture.safetensors");
  std::vector<std::string> prompts_ = prompts();
};

TEST_F(Demo, EncodesEveryPromptAsHuggingFaceDoes) {
  const Tokenizer tokenizer = Tokenizer::load(kDemo / "model");
  ASSERT_EQ(prompts_.size(), 4326u);
  for (std::size_t line = 0; line < prompts_.size(); ++line) {
    ASSERT_EQ(tokenizer.encode(prompts_[line]), expected_ids(line)) << prompts_[line];
  }
}

TEST_F(Demo, GivesHuggingFacesLogitsOnEveryPrompt) {
  const ThreadScope threads(2);
  const c10::InferenceMode inference;
  const Model model = load_model(kDemo / "model");
  const at::Tensor top_ids = map_tensor(fixture_, "top_ids").to(at::kLong);
  const at::Tensor top_logits = map_tensor(fixture_, "top_logits");
  const at::Tensor logsumexp = map_tensor(fixture_, "logsumexp");
  std::vector<double> errors(prompts_.size());
  parallel_tasks(prompts_.size(), [&](std::size_t line) {
    const auto i = static_cast<std::int64_t>(line);
    const at::Tensor logits = forward(model, expected_ids(line)).logits[0];
    const at::Tensor ours = std::get<0>(logits.topk(10));
    const double sum = at::logsumexp(logits.to(at::kDouble), 0).item<double>();
    errors[line] =
        std::max({(logits.index_select(0, top_ids[i]) - top_logits[i]).abs().max().item<double>(),
                  (ours - top_logits[i]).abs().max().item<double>(),
                  std::abs(sum - logsumexp[i].item<double>())});
  });
  EXPECT_LT(*std::ranges::max_element(errors), 1e-4);
}

}  // namespace
}  // namespace circuit::testing
