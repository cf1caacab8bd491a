// Opening a directory: what it says about itself, and every way it may not fit together.
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/tensor_file.h"
#include "tests/support/throws.h"
#include "tests/support/tiny_transcoders.h"
#include "transcoders/transcoder_set.h"

namespace circuit {
namespace {

using testing::edit_tensors;
using testing::message_of;
using testing::NamedTensors;
using testing::read_text;
using testing::TempDir;
using testing::TinyTranscoderSpec;
using testing::write_text;
using testing::write_tiny_transcoders;

std::filesystem::path golden(const std::string& name) {
  return std::filesystem::path(CIRCUIT_GOLDEN_DIR) / name / "transcoder";
}

constexpr const char* kThreshold = "activation_function.threshold";

class LoadTranscoders : public ::testing::Test {
 protected:
  void write(const TinyTranscoderSpec& spec) const {
    write_tiny_transcoders(directory_.path(), spec);
  }
  void edit(const std::string& file, const std::function<void(NamedTensors&)>& change) const {
    edit_tensors(directory_ / file, change);
  }
  void append_to_config(const std::string& text) const {
    write_text(directory_ / "config.yaml", read_text(directory_ / "config.yaml") + text);
  }
  TranscoderInfo inspect() const { return inspect_transcoders(directory_.path()); }
  /// The message without `[load_transcoders] DIRECTORY/`; the same for loading and inspecting.
  std::string refusal() const {
    const std::string message =
        message_of<std::runtime_error>([&] { load_transcoders(directory_.path()); });
    EXPECT_EQ(message, message_of<std::runtime_error>([&] { inspect(); }));
    const std::string start = "[load_transcoders] " + directory_.path().string();
    return message.starts_with(start) ? message.substr(start.size() + 1) : message;
  }

  TempDir directory_;
};

TEST_F(LoadTranscoders, ReadsGoldenPerLayerDirectories) {
  const TranscoderInfo llama = load_transcoders(golden("llama-plt-relu"))->info();
  EXPECT_EQ(llama.directory, golden("llama-plt-relu"));
  EXPECT_EQ(llama.model_name, "tiny");
  EXPECT_EQ(llama.scan, "tiny-relu");
  EXPECT_FALSE(llama.cross_layer);
  EXPECT_EQ(llama.n_layers, 3);
  EXPECT_EQ(llama.d_model, 32);
  EXPECT_EQ(llama.n_features, 40);
  EXPECT_EQ(llama.read_site, ReadSite::kMlpIn);
  EXPECT_EQ(llama.write_site, WriteSite::kMlpOutRaw);
  EXPECT_EQ(llama.activation, "relu");
  EXPECT_FALSE(llama.has_skip);
  ASSERT_EQ(llama.files.size(), 3U);
  EXPECT_EQ(llama.files[2], golden("llama-plt-relu") / "layer_2.safetensors");

  const TranscoderInfo gpt2 = inspect_transcoders(golden("gpt2-plt-relu-resid"));
  EXPECT_EQ(gpt2.read_site, ReadSite::kResidualMid);
  EXPECT_EQ(gpt2.write_site, WriteSite::kMlpOut);
}

TEST_F(LoadTranscoders, ReadsGoldenCrossLayerDirectories) {
  const TranscoderInfo relu = load_transcoders(golden("llama-clt-relu"))->info();
  EXPECT_TRUE(relu.cross_layer);
  EXPECT_EQ(relu.n_layers, 3);
  EXPECT_EQ(relu.d_model, 32);
  EXPECT_EQ(relu.n_features, 40);
  EXPECT_EQ(relu.activation, "relu");
  ASSERT_EQ(relu.files.size(), 6U);
  EXPECT_EQ(relu.files[3], golden("llama-clt-relu") / "W_dec_1.safetensors");

  const TranscoderInfo jump = inspect_transcoders(golden("llama-clt-jumprelu"));
  EXPECT_EQ(jump.activation, "jumprelu");
  EXPECT_EQ(jump.read_site, ReadSite::kResidualMid);
}

TEST_F(LoadTranscoders, DescribesEveryKindOfDirectory) {
  for (const bool cross_layer : {false, true}) {
    for (const bool skip : {false, true}) {
      for (const ActivationKind kind :
           {ActivationKind::kRelu, ActivationKind::kJumpRelu, ActivationKind::kTopK}) {
        const TempDir directory;
        write_tiny_transcoders(directory.path(), {.cross_layer = cross_layer,
                                                  .activation = kind,
                                                  .skip = skip,
                                                  .n_layers = 2,
                                                  .d_model = 8,
                                                  .n_features = 12,
                                                  .target_l0 = 3});
        const TranscoderInfo info = load_transcoders(directory.path())->info();
        EXPECT_EQ(info.cross_layer, cross_layer);
        EXPECT_EQ(info.has_skip, skip);
        EXPECT_EQ(info.activation, kind == ActivationKind::kRelu       ? "relu"
                                   : kind == ActivationKind::kJumpRelu ? "jumprelu"
                                                                       : "topk 3");
        EXPECT_EQ(info.n_layers, 2);
        EXPECT_EQ(info.d_model, 8);
        EXPECT_EQ(info.n_features, 12);
      }
    }
  }
}

TEST_F(LoadTranscoders, TakesFilesInTheOrderOfTheList) {
  write({});
  append_to_config("transcoders:\n  - layer_2.safetensors\n  - layer_0.safetensors\n");
  const auto set = load_transcoders(directory_.path());
  EXPECT_EQ(set->info().n_layers, 2);
  const at::Tensor expected = testing::read_tensors(directory_ / "layer_2.safetensors").at("b_enc");
  EXPECT_TRUE(at::equal(set->encoder_bias(0), expected));
}

TEST_F(LoadTranscoders, TakesTheNumberKFromEitherPlace) {
  write({.activation = ActivationKind::kTopK});
  EXPECT_EQ(inspect().activation, "topk 8");
  append_to_config("activation: topk\nk: 8\n");
  EXPECT_EQ(inspect().activation, "topk 8");
  for (int layer = 0; layer < 3; ++layer) {
    edit("layer_" + std::to_string(layer) + ".safetensors",
         [](NamedTensors& tensors) { tensors.erase("k"); });
  }
  EXPECT_EQ(inspect().activation, "topk 8");
}

TEST_F(LoadTranscoders, RefusesOtherComputeTypes) {
  write({});
  EXPECT_EQ(message_of<std::invalid_argument>(
                [&] { load_transcoders(directory_.path(), {.dtype = at::kHalf}); }),
            "[load_transcoders] compute type is Half, expected Double, Float or BFloat16");
}

TEST_F(LoadTranscoders, NamesAMissingConfig) {
  EXPECT_EQ(refusal(),
            " holds nothing, expected config.yaml, or the files of Gemma Scope, sparsify, SAELens "
            "or Llamascopium");
  write_text(directory_ / "notes.txt", "");
  for (int i = 0; i < 9; ++i) write_text(directory_ / ("part-" + std::to_string(i)), "");
  EXPECT_TRUE(refusal().starts_with(" holds \"notes.txt\", \"part-0\", \"part-1\", ")) << refusal();
  EXPECT_NE(refusal().find("\"part-6\" and 2 more, expected config.yaml"), std::string::npos);
  const std::filesystem::path none = directory_ / "none";
  EXPECT_EQ(message_of<std::runtime_error>([&] { load_transcoders(none); }),
            "[load_transcoders] " + none.string() + ": no such directory");
}

TEST_F(LoadTranscoders, NamesAMissingLayer) {
  write({});
  std::filesystem::remove(directory_ / "layer_1.safetensors");
  EXPECT_EQ(refusal(), " there is no layer_1.safetensors, but layer_2.safetensors");
  append_to_config("transcoders: [layer_0.safetensors, layer_1.safetensors]\n");
  EXPECT_EQ(refusal(), "config.yaml:6: layer 1: there is no file " +
                           (directory_ / "layer_1.safetensors").string());
}

TEST_F(LoadTranscoders, NamesAMissingCrossLayerFile) {
  write({.cross_layer = true});
  std::filesystem::remove(directory_ / "W_dec_2.safetensors");
  EXPECT_EQ(refusal(), " 3 files W_enc_*.safetensors, 2 files W_dec_*.safetensors");
  std::filesystem::remove(directory_ / "W_enc_0.safetensors");
  EXPECT_EQ(refusal(), " there is no W_enc_0.safetensors, but W_enc_2.safetensors");
}

TEST_F(LoadTranscoders, RefusesADirectoryWithoutWeights) {
  const std::string hooks = "feature_input_hook: mlp.hook_in\nfeature_output_hook: hook_mlp_out\n";
  write_text(directory_ / "config.yaml", "model_kind: transcoder_set\n" + hooks);
  write_text(directory_ / "layer_00.safetensors", "");
  EXPECT_EQ(refusal(), " neither layer_0.safetensors nor a list `transcoders` in config.yaml");
  write_text(directory_ / "config.yaml", "model_kind: cross_layer_transcoder\n" + hooks);
  EXPECT_EQ(refusal(), " no W_enc_0.safetensors");
}

TEST_F(LoadTranscoders, RefusesShapesThatDisagree) {
  write({});
  edit("layer_1.safetensors", [](NamedTensors& tensors) {
    tensors["W_dec"] = at::zeros({40, 16});
  });
  EXPECT_EQ(refusal(), "layer_1.safetensors: tensor W_dec is [40, 16], expected [40, 32]");
  edit("layer_1.safetensors", [](NamedTensors& tensors) {
    tensors["W_enc"] = at::zeros({50, 32});
  });
  EXPECT_EQ(refusal(), "layer_1.safetensors: tensor W_enc is [50, 32], expected [40, 32]");
  edit("layer_0.safetensors", [](NamedTensors& tensors) { tensors["W_enc"] = at::zeros({40}); });
  EXPECT_EQ(refusal(), "layer_0.safetensors: tensor W_enc is [40], expected [any, any]");
  edit("layer_0.safetensors", [](NamedTensors& tensors) { tensors["W_enc"] = at::zeros({0, 32}); });
  EXPECT_EQ(refusal(), "layer_0.safetensors: tensor W_enc is [0, 32], expected no size 0");
}

TEST_F(LoadTranscoders, RefusesCrossLayerDecodersOfTheWrongDepth) {
  write({.cross_layer = true});
  edit("W_dec_1.safetensors", [](NamedTensors& tensors) {
    tensors["W_dec_1"] = at::zeros({40, 3, 32});
  });
  EXPECT_EQ(refusal(), "W_dec_1.safetensors: tensor W_dec_1 is [40, 3, 32], expected [40, 2, 32]");
}

TEST_F(LoadTranscoders, ChecksOptionalTensorsToo) {
  write({.activation = ActivationKind::kJumpRelu, .skip = true});
  edit("layer_2.safetensors", [](NamedTensors& tensors) { tensors[kThreshold] = at::zeros({3}); });
  EXPECT_EQ(refusal(),
            "layer_2.safetensors: tensor activation_function.threshold is [3], expected [40]");
  edit("layer_2.safetensors", [](NamedTensors& tensors) {
    tensors["W_skip"] = at::zeros({32, 31});
  });
  EXPECT_EQ(refusal(), "layer_2.safetensors: tensor W_skip is [32, 31], expected [32, 32]");
}

TEST_F(LoadTranscoders, NamesAMissingTensor) {
  write({});
  edit("layer_2.safetensors", [](NamedTensors& tensors) { tensors.erase("b_dec"); });
  EXPECT_EQ(refusal(), "layer_2.safetensors: no tensor b_dec");
}

TEST_F(LoadTranscoders, RefusesATensorThatItWouldNotUse) {
  write({});
  edit("layer_1.safetensors", [](NamedTensors& tensors) {
    tensors["W_gate"] = at::zeros({40, 32});
  });
  EXPECT_EQ(refusal(),
            "layer_1.safetensors: tensor \"W_gate\" is unknown, expected only W_dec, W_enc, "
            "W_skip, activation_function.threshold, b_dec, b_enc, k");
}

TEST_F(LoadTranscoders, RefusesACrossLayerTensorInTheWrongFile) {
  write({.cross_layer = true});
  edit("W_dec_1.safetensors", [](NamedTensors& tensors) { tensors["b_dec_1"] = at::zeros({32}); });
  EXPECT_EQ(refusal(), "W_dec_1.safetensors: tensor \"b_dec_1\" is unknown, expected only W_dec_1");
  edit("W_enc_0.safetensors", [](NamedTensors& tensors) { tensors["b_enc_1"] = at::zeros({40}); });
  EXPECT_EQ(refusal(),
            "W_enc_0.safetensors: tensor \"b_enc_1\" is unknown, expected only W_enc_0, W_skip_0, "
            "b_dec_0, b_enc_0, threshold_0");
}

TEST_F(LoadTranscoders, RefusesIntegerWeights) {
  write({});
  edit("layer_0.safetensors",
       [](NamedTensors& tensors) { tensors["W_dec"] = tensors["W_dec"].to(at::kChar); });
  EXPECT_EQ(refusal(), "layer_0.safetensors: tensor W_dec is I8, expected F64, F32, F16 or BF16");
}

TEST_F(LoadTranscoders, RefusesAThresholdInSomeLayersOnly) {
  write({});
  edit("layer_1.safetensors", [](NamedTensors& tensors) { tensors[kThreshold] = at::zeros({40}); });
  EXPECT_EQ(refusal(),
            "layer_0.safetensors: no tensor activation_function.threshold, but "
            "layer_1.safetensors has activation_function.threshold");
}

TEST_F(LoadTranscoders, RefusesASkipOrKInSomeLayersOnly) {
  write({.cross_layer = true, .skip = true});
  edit("W_enc_2.safetensors", [](NamedTensors& tensors) { tensors.erase("W_skip_2"); });
  EXPECT_EQ(refusal(),
            "W_enc_2.safetensors: no tensor W_skip_2, but W_enc_0.safetensors has W_skip_0");
}

TEST_F(LoadTranscoders, RefusesDifferentK) {
  write({.activation = ActivationKind::kTopK});
  edit("layer_2.safetensors", [](NamedTensors& tensors) { tensors["k"] = at::full({1}, 5); });
  EXPECT_EQ(refusal(),
            "layer_2.safetensors: tensor k is 5, layer 0 has 8; expected one k for all layers");
  append_to_config("k: 9\n");
  edit("layer_2.safetensors", [](NamedTensors& tensors) { tensors["k"] = at::full({1}, 8); });
  EXPECT_EQ(refusal(), "config.yaml: k is 9, but tensor k in the files is 8");
}

TEST_F(LoadTranscoders, RefusesAKThatIsNoNumberOfFeatures) {
  write({.activation = ActivationKind::kTopK, .n_layers = 1});
  const auto set_k = [&](const at::Tensor& k) {
    edit("layer_0.safetensors", [&](NamedTensors& tensors) { tensors["k"] = k; });
  };
  set_k(at::full({}, 41, at::TensorOptions().dtype(at::kLong)));
  EXPECT_EQ(refusal(), "config.yaml: k is 41, expected at most the number of features, 40");
  set_k(at::full({}, 0, at::TensorOptions().dtype(at::kInt)));
  EXPECT_EQ(refusal(), "layer_0.safetensors: tensor k holds 0.000000, expected a whole number > 0");
  set_k(at::full({}, 2.5));
  EXPECT_EQ(refusal(), "layer_0.safetensors: tensor k holds 2.500000, expected a whole number > 0");
  set_k(at::ones({2}));
  EXPECT_EQ(refusal(), "layer_0.safetensors: tensor k is [2], expected one number");
}

TEST_F(LoadTranscoders, RefusesTensorsThatContradictTheConfig) {
  write({.activation = ActivationKind::kJumpRelu});
  append_to_config("activation: relu\n");
  EXPECT_EQ(refusal(),
            "config.yaml: activation is relu, but the files hold a tensor "
            "activation_function.threshold");
  write({.activation = ActivationKind::kTopK});
  append_to_config("activation: relu\n");
  EXPECT_EQ(refusal(), "config.yaml: activation is relu, but the files hold a tensor k");
}

TEST_F(LoadTranscoders, RefusesAnActivationThatLacksItsTensors) {
  write({.cross_layer = true});
  append_to_config("activation: jumprelu\n");
  EXPECT_EQ(refusal(),
            "config.yaml: activation is jumprelu, but the files hold no tensor "
            "threshold_0");
  write({.cross_layer = true});
  append_to_config("activation: topk\n");
  EXPECT_EQ(refusal(), "config.yaml: activation is topk, but there is no k");
}

TEST_F(LoadTranscoders, RefusesAThresholdBesideK) {
  write({.activation = ActivationKind::kJumpRelu});
  append_to_config("k: 4\n");
  EXPECT_EQ(refusal(),
            "config.yaml: activation is topk, but the files hold a tensor "
            "activation_function.threshold");
}

TEST_F(LoadTranscoders, SaysWhichFileIsNotSafetensors) {
  write({});
  write_text(directory_ / "layer_1.safetensors", "short");
  EXPECT_TRUE(
      refusal().starts_with("[open_safetensors] " + (directory_ / "layer_1.safetensors").string()))
      << refusal();
}

TEST_F(LoadTranscoders, RefusesBiasesThatAreNotFiniteWhenItLoads) {
  write({});
  edit("layer_1.safetensors", [](NamedTensors& tensors) { tensors["b_dec"][3] = std::nan(""); });
  EXPECT_NO_THROW(inspect());
  EXPECT_EQ(message_of<std::runtime_error>([&] { load_transcoders(directory_.path()); }),
            "[load_transcoders] " + (directory_ / "layer_1.safetensors").string() +
                ": tensor b_dec holds 1 values that are not finite");
}

}  // namespace
}  // namespace circuit
