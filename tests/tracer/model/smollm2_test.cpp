// SmolLM2 against the reference run (tests/golden/README.md), which widened the GGUF file's weights.
// Runs when CIRCUIT_SMOLLM2 names that file or the same model as a Hugging Face directory.
#include <cstdlib>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "tracer/machine/process_memory.h"
#include "tracer/machine/threads.h"
#include "tracer/model/gguf_tensor.h"
#include "tracer/model/model.h"
#include "transcoders/tensor_view.h"
#include "transcoders/weights/content_hash.h"
#include "transcoders/weights/gguf.h"

namespace circuit::testing {
namespace {

const char* model_path() { return std::getenv("CIRCUIT_SMOLLM2"); }

// First, because the kernel's high-water mark is that of the whole process.
TEST(LoadSmolLm2, TakesLittleMoreMemoryThanItsWeights) {
  if (model_path() == nullptr) GTEST_SKIP() << "CIRCUIT_SMOLLM2 names no model";
  const c10::InferenceMode inference;
  const ThreadScope threads(2);
  const std::int64_t before = resident_memory_bytes();
  const Model model = load_model(model_path());
  constexpr std::int64_t kWeights = std::int64_t{134'515'008} * 4;
  EXPECT_LT(peak_memory_bytes() - before, kWeights + kWeights * 15 / 100);
}

// xxHash64 of each tensor's floats in order of names, and of those hashes, with
// quants.dequantize of the package gguf 0.19.0.
TEST(LoadSmolLm2, HasTheWeightsThatTheGgufPackageReads) {
  if (model_path() == nullptr) GTEST_SKIP() << "CIRCUIT_SMOLLM2 names no model";
  if (!GgufFile::recognises(model_path())) return;  // skipping one would mark all as skipped
  const c10::InferenceMode inference;
  const GgufFile file = GgufFile::open(model_path());
  std::string hashes;
  for (const GgufTensorView& view : file.tensors()) {
    const at::Tensor values = load_gguf_tensor(file, view.name, view.shape(), at::kFloat);
    hashes += text_hash({static_cast<const char*>(values.data_ptr()), values.nbytes()});
  }
  EXPECT_EQ(file.tensors().size(), 272U);
  EXPECT_EQ(text_hash(hashes), "fde4ea470905f259");
}

class SmolLm2 : public ::testing::Test {
 protected:
  void SetUp() override {
    if (model_path() == nullptr) GTEST_SKIP() << "CIRCUIT_SMOLLM2 names no model";
    model_ = load_model(model_path());
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
