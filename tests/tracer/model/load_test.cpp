// load_model's errors: each names the file, the tensor, what was found and what was expected.
#include <filesystem>
#include <limits>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/tensor_file.h"
#include "tests/support/throws.h"
#include "tests/support/tiny_model.h"
#include "tracer/model/model.h"

namespace circuit::testing {
namespace {

class Load : public ::testing::Test {
 protected:
  Load() { write_tiny_model(directory_.path(), all_tiny_models().front().spec); }

  void edit(const std::function<void(NamedTensors&)>& change) {
    edit_tensors(directory_ / "model.safetensors", change);
  }
  std::string error() const {
    std::string message = message_of<std::runtime_error>([&] { load_model(directory_.path()); });
    const std::string folder = directory_.path().string();
    for (auto at = message.find(folder); at != std::string::npos; at = message.find(folder)) {
      message.replace(at, folder.size(), "DIR");
    }
    return message;
  }

  TempDir directory_;
};

TEST_F(Load, NamesATensorOfAnotherShape) {
  edit([](NamedTensors& t) {
    t["model.layers.1.self_attn.v_proj.weight"] = at::zeros({12, 25}, at::kDouble);
  });
  EXPECT_EQ(error(),
            "[load_model] DIR/model.safetensors: tensor model.layers.1.self_attn.v_proj.weight is "
            "[12, 25], expected [12, 24]");
}

TEST_F(Load, NamesAMissingTensor) {
  edit([](NamedTensors& t) { t.erase("model.norm.weight"); });
  EXPECT_EQ(error(),
            "[read_tensor] DIR/model.safetensors: no tensor \"model.norm.weight\" among 29");
}

TEST_F(Load, NamesATensorWithNumbersThatAreNotFinite) {
  edit([](NamedTensors& t) {
    t["model.layers.2.mlp.up_proj.weight"][3][4] = std::numeric_limits<double>::quiet_NaN();
  });
  const std::string message = error();
  EXPECT_NE(message.find("DIR/model.safetensors"), std::string::npos) << message;
  EXPECT_NE(message.find("model.layers.2.mlp.up_proj.weight"), std::string::npos) << message;
  EXPECT_NE(message.find("not finite"), std::string::npos) << message;
}

TEST_F(Load, SaysWhenTheFileIsCutShort) {
  const auto file = directory_ / "model.safetensors";
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 100);
  EXPECT_NE(error().find("DIR/model.safetensors"), std::string::npos) << error();
}

TEST_F(Load, SaysWhenThereAreNoWeightsOrNoDirectory) {
  std::filesystem::remove(directory_ / "model.safetensors");
  EXPECT_NE(error().find("model.safetensors"), std::string::npos) << error();
  EXPECT_EQ(message_of<std::runtime_error>([] { load_model("/nowhere/model"); }),
            "[load_model] /nowhere/model: no such directory, expected a Hugging Face model "
            "directory or a GGUF file");
}

TEST_F(Load, ReadsTheSameNumbersFromEveryStoredType) {
  const Model exact = load_model(directory_.path(), at::kDouble);
  for (const at::ScalarType stored : {at::kFloat, at::kHalf, at::kBFloat16}) {
    const TempDir copy;
    for (const char* file : {"config.json", "model.safetensors"}) {
      std::filesystem::copy(directory_ / file, copy / file);
    }
    edit_tensors(copy / "model.safetensors", [&](NamedTensors& tensors) {
      for (auto& [name, tensor] : tensors) tensor = tensor.to(stored);
    });
    const Model model = load_model(copy.path(), at::kFloat);
    EXPECT_EQ(model.embedding.scalar_type(), at::kFloat);
    EXPECT_TRUE(at::equal(model.embedding, exact.embedding.to(stored).to(at::kFloat)));
    EXPECT_TRUE(
        at::equal(model.blocks[1].mlp.down, exact.blocks[1].mlp.down.to(stored).to(at::kFloat)));
  }
}

TEST(LoadRenamed, ReadsTensorsUnderEveryNameThatFilesOfTheFamilyUse) {
  for (const NamedModelSpec& tiny : all_tiny_models()) {
    for (const Renaming& renaming : tiny.spec.family->renamings) {
      if (renaming.named.empty()) continue;
      SCOPED_TRACE(tiny.name + " " + std::string(renaming.stored));
      const TempDir directory;
      write_tiny_model(directory.path(), tiny.spec);
      const Model before = load_model(directory.path(), at::kDouble);
      edit_tensors(directory / "model.safetensors", [&](NamedTensors& tensors) {
        NamedTensors renamed;
        for (const auto& [name, tensor] : tensors) {
          const std::string rest =
              name.starts_with(renaming.named) ? name.substr(renaming.named.size()) : std::string();
          renamed[rest.empty() ? name : std::string(renaming.stored) + rest] = tensor.clone();
        }
        tensors = renamed;
      });
      const Model after = load_model(directory.path(), at::kDouble);
      EXPECT_TRUE(at::equal(before.blocks[2].mlp.down, after.blocks[2].mlp.down));
      EXPECT_TRUE(at::equal(before.final_norm.gain, after.final_norm.gain));
      EXPECT_TRUE(at::equal(before.unembedding, after.unembedding));
    }
  }
}

}  // namespace
}  // namespace circuit::testing
