// SmolLM2 against the reference run (tests/golden/README.md), which widened the GGUF file's weights.
// Runs when CIRCUIT_SMOLLM2 names that file or the same model as a Hugging Face directory.
#include <cstdlib>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "tracer/machine/threads.h"
#include "tracer/model/model.h"
#include "transcoders/tensor_view.h"

namespace circuit::testing {
namespace {

class SmolLm2 : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* model = std::getenv("CIRCUIT_SMOLLM2");
    if (model == nullptr) GTEST_SKIP() << "CIRCUIT_SMOLLM2 names no model";
    model_ = load_model(model);
  }

  ThreadScope threads_{2};
  c10::InferenceMode inference_;
  Model model_;
  SafetensorsFile golden_ = SafetensorsFile::open(std::filesystem::path(CIRCUIT_GOLDEN_DIR) /
                                                  "smollm2/reference.safetensors");
};

std::vector<std::int32_t> ids_of(const SafetensorsFile& golden, const std::string& name) {
  const at::Tensor ids = map_tensor(golden, name);
  return {ids.data_ptr<std::int32_t>(), ids.data_ptr<std::int32_t>() + ids.numel()};
}

TEST_F(SmolLm2, GivesTheReferencesLastLogits) {
  for (const char* i : {"0", "1", "2", "3"}) {
    const auto ids = ids_of(golden_, std::string("input_ids_") + i);
    const at::Tensor logits = forward(model_, ids).logits[0];
    const at::Tensor expected = map_tensor(golden_, std::string("last_logits_") + i);
    EXPECT_LT((logits - expected).abs().max().item<float>(), 1e-3f) << "prompt " << i;
  }
}

// Row j of the reference is the residual stream that enters layer j.
TEST_F(SmolLm2, HasTheReferencesResidualNorms) {
  for (const char* i : {"0", "1", "2", "3"}) {
    const auto ids = ids_of(golden_, std::string("input_ids_") + i);
    const ForwardRecord record = forward(model_, ids);
    const at::Tensor expected = map_tensor(golden_, std::string("hidden_norms_") + i);
    at::Tensor residual = record.token_embeddings;
    for (std::size_t layer = 0; layer < record.blocks.size(); ++layer) {
      const at::Tensor norms = residual.norm(2, -1);
      const at::Tensor reference = expected[static_cast<std::int64_t>(layer)];
      EXPECT_LT(((norms - reference) / reference).abs().max().item<float>(), 1e-4f)
          << "prompt " << i << ", layer " << layer;
      residual = record.blocks[layer].residual_mid + record.blocks[layer].mlp_out;
    }
  }
}

TEST_F(SmolLm2, ContinuesWithTheReferencesGreedyTokens) {
  const std::vector<std::vector<std::int32_t>> expected = {
#include "tests/golden/smollm2/greedy.inc"
  };
  for (std::size_t i = 0; i < expected.size(); ++i) {
    auto ids = ids_of(golden_, "input_ids_" + std::to_string(i));
    while (ids.size() < expected[i].size()) {
      ids.push_back(
          static_cast<std::int32_t>(forward(model_, ids).logits[0].argmax().item<std::int64_t>()));
    }
    EXPECT_EQ(ids, expected[i]) << "prompt " << i;
  }
}

}  // namespace
}  // namespace circuit::testing
