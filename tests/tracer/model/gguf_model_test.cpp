// A model from a GGUF file is the model of the directory that the file was made from.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/tensor_file.h"
#include "tests/support/throws.h"
#include "tests/support/tiny_gguf.h"
#include "tests/support/tiny_model.h"
#include "tracer/model/model.h"

namespace circuit::testing {
namespace {

at::Tensor all_logits(const Model& model) {
  const std::vector<std::int32_t> ids{1, 7, 3, 3, 42, 0, 19};
  return forward(model, ids, LogitPositions::kAll).logits;
}

class GgufModel : public ::testing::TestWithParam<NamedModelSpec> {
 protected:
  c10::InferenceMode inference_;
  TempDir directory_;
};

TEST_P(GgufModel, HasTheLogitsOfTheDirectory) {
  write_tiny_model(directory_ / "model", GetParam().spec);
  as_gguf(directory_ / "model").write(directory_ / "tiny.Q4_1.gguf");
  const Model expected = load_model(directory_ / "model", at::kDouble);
  const Model model = load_model(directory_ / "tiny.Q4_1.gguf", at::kDouble);
  EXPECT_EQ(model.name, "tiny.Q4_1");
  EXPECT_EQ(model.files, std::vector{directory_ / "tiny.Q4_1.gguf"});
  EXPECT_EQ(model.config.tied_embeddings, GetParam().spec.tied);
  EXPECT_EQ(model.config.architecture == expected.config.architecture,
            expected.config.model_type != "mistral");
  // Gains of Gemma go through + 1, frequencies of Llama 3 through a factor.
  EXPECT_LT((all_logits(model) - all_logits(expected)).abs().max().item<double>(), 1e-11);
}

TEST_P(GgufModel, ComputesInTheTypeThatIsAskedFor) {
  write_tiny_model(directory_ / "model", GetParam().spec);
  as_gguf(directory_ / "model").write(directory_ / "tiny.gguf");
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const Model expected = load_model(directory_ / "model", type);
    const Model model = load_model(directory_ / "tiny.gguf", type);
    EXPECT_EQ(model.blocks[1].mlp.up.scalar_type(), type);
    EXPECT_TRUE(model.embedding.equal(expected.embedding));
    EXPECT_TRUE(model.blocks[1].attention.key.equal(expected.blocks[1].attention.key));
    EXPECT_EQ(model.final_norm.gain.scalar_type(), expected.final_norm.gain.scalar_type());
  }
}

std::vector<NamedModelSpec> models_in_gguf() {
  std::vector<NamedModelSpec> models = all_tiny_models();
  std::erase_if(models, [](const NamedModelSpec& model) {
    // Mistral is written as Llama; the text model of one that sees is written as the text model.
    return model.spec.family->gguf.architecture.empty() &&
           model.spec.family->model_type != "mistral";
  });
  return models;
}

INSTANTIATE_TEST_SUITE_P(EveryFamily, GgufModel, ::testing::ValuesIn(models_in_gguf()),
                         [](const auto& tested) {
                           std::string name = tested.param.name;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

// Files drawn at random, read by transformers (tests/golden/README.md, gguf).
class GgufFamily : public ::testing::TestWithParam<const char*> {};

TEST_P(GgufFamily, HasTheLogitsOfTransformers) {
  const c10::InferenceMode inference;
  const std::filesystem::path folder = std::filesystem::path(CIRCUIT_GOLDEN_DIR) / "gguf";
  const std::string name = GetParam();
  const NamedTensors expected = read_tensors(folder / (name + ".safetensors"));
  const at::Tensor ids = expected.at("input_ids").contiguous();
  const Model model = load_model(folder / (name + ".gguf"));
  const ForwardRecord record =
      forward(model, {ids.data_ptr<std::int32_t>(), static_cast<std::size_t>(ids.numel())},
              LogitPositions::kAll);
  EXPECT_LT((record.logits - expected.at("logits")).abs().max().item<double>(), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Transformers, GgufFamily,
                         ::testing::Values("llama", "qwen2", "qwen3", "gemma2", "gemma3", "gpt2"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST(LoadGgufModel, NamesAMissingTensor) {
  const c10::InferenceMode inference;
  const TempDir directory;
  write_tiny_model(directory / "model", {.family = architectures().front()});
  std::string bytes = as_gguf(directory / "model").bytes();
  bytes.replace(bytes.find("blk.1.ffn_up.weight"), 19, "blk.1.ffn_xx.weight");
  write_text(directory / "a.gguf", bytes);
  EXPECT_EQ(message_of<std::runtime_error>([&] { load_model(directory / "a.gguf"); }),
            "[load_model] " + (directory / "a.gguf").string() + ": no tensor blk.1.ffn_up.weight");
}

TEST(LoadGgufModel, RefusesAPathThatIsNeither) {
  const TempDir directory;
  write_text(directory / "a.bin", "text");
  EXPECT_EQ(message_of<std::runtime_error>([&] { load_model(directory / "a.bin"); }),
            "[load_model] " + (directory / "a.bin").string() +
                ": no such directory, expected a Hugging Face model directory or a GGUF file");
}

}  // namespace
}  // namespace circuit::testing
